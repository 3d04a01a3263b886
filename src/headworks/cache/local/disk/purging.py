"""Delete what a purge means, so that it is gone for good and stays gone.

The order matters. First the rule is written: from then on no worker writes what it means. Then the rows are deleted, a
few at a time, and what they held is overwritten, in the file and in its log. Last the rule gets a number above all
others and the bell is rung: whatever the workers have read from the disk meanwhile leaves their memories now.
"""

from typing import Any

import apsw

from headworks.cache.local.bell import Bell
from headworks.cache.local.disk import rows
from headworks.cache.local.disk.file import File
from headworks.cache.local.disk.notices import last_number, note, renumber
from headworks.cache.local.disk.space import Space
from headworks.cache.local.rules import Meaning
from headworks.core.clock import Clock
from headworks.storage.sqlite import transaction

Test = tuple[str, list[Any]]


class Purging:
    """Purges of one process; used by one thread.

    Args:
        file: The file.
        space: How much is deleted at once.
        bell: Rung at the end.
        clock: For the rule's time.
    """

    def __init__(self, file: File, space: Space, bell: Bell, clock: Clock) -> None:
        self._file = file
        self._space = space
        self._bell = bell
        self._clock = clock

    def purge(self, db: apsw.Connection, meaning: Meaning, test: Test) -> int:
        """Delete what is meant; how many entries it was.

        Raises:
            StoreError: The file refuses.
            apsw.Error: The same.
        """
        with transaction(db):
            number = self._next(db)
            note(db, number, self._clock.now(), meaning)
        count = self._delete(db, test)
        with self._bell.locked():
            with transaction(db):
                last = self._next(db)
                renumber(db, number, last)
            self._bell.ring(last)
        return count

    def _next(self, db: apsw.Connection) -> int:
        return max(self._bell.number, last_number(db)) + 1

    def _delete(self, db: apsw.Connection, test: Test) -> int:
        count = after = 0
        while ids := rows.meant(db, after, test, self._space):
            with transaction(db):
                rows.delete(db, ids)
            self._file.keep_log_small()
            after = ids[-1]
            count += len(ids)
        return count
