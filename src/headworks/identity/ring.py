"""The key ring: tells who calls, and makes, lists, revokes and rotates virtual keys.

`caller` belongs to the event loop's thread (see `reader.py`). Everything else works on a connection of its own under a
lock, may run in any thread, and leaves a line in the audit for each change.
"""

import hmac
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import apsw
from msgspec import structs

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError, StoreError
from headworks.core.messages import Caller
from headworks.identity import table
from headworks.identity.reader import KeyReader
from headworks.identity.records import Action, AuditEntry, CreatedKey, KeyRecord, KeySpec
from headworks.identity.secret import ADMIN_KEY_CHARACTERS, digest, is_id, new_admin_key, new_key
from headworks.storage.sqlite import connect, migrate, transaction

DATABASE_FILE = "headworks.sqlite"
ADMIN_VARIABLE = "HEADWORKS_ADMIN_KEY"
OVERLAP_S = 7 * 24 * 3600.0
"""Longest time a rotated key may go on working."""


class KeyRing:
    """Satisfies `core.protocols.Identity` and `Room`.

    Args:
        data_dir: Holds the key store, `headworks.sqlite`; made if missing.
        clock: Wall time for expiry, monotonic time for the look at other processes' changes.
        pepper: The secret under which keys are hashed, see `load_pepper`.
    """

    def __init__(self, data_dir: Path, clock: Clock, pepper: bytes) -> None:
        self._path = data_dir / DATABASE_FILE
        self._clock = clock
        self._pepper = pepper
        self._lock = threading.Lock()
        self._db: apsw.Connection | None = None
        self._reader = KeyReader(self._path, clock, pepper)
        self._admin_digest: bytes | None = None

    async def start(self) -> None:
        """Open the key store.

        Raises:
            StoreError: It cannot be opened or made.
        """
        self.open()

    async def stop(self) -> None:
        """Close the key store."""
        self.close()

    def open(self) -> None:
        """As `start`, for commands that run without an event loop."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The data directory cannot be made: {error.strerror}.") from error
        self._db = connect(self._path)
        migrate(self._db, table.ROOM, table.STEPS)
        self._reader.open()

    def close(self) -> None:
        """As `stop`."""
        self._reader.close()
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db = None

    def caller(self, key: str) -> Caller:
        """The caller a virtual key stands for. Only on the event loop's thread.

        Raises:
            RefusedError: `invalid_api_key` (401); the same words for an unknown, wrong, expired and revoked key.
            StoreError: The key store cannot be read.
        """
        return self._reader.caller(key)

    def create(self, spec: KeySpec, *, actor: str = "admin") -> CreatedKey:
        """Make a key; this is the only time its text is known.

        Raises:
            BadAskError: The spec holds something unusable (422).
            StoreError: The key cannot be stored.
        """
        spec.check()
        with self._writing() as db:
            made = self._insert(db, spec)
            self._note(db, "create", made.id, actor)
        return made

    def list(self, limit: int = 100, after: str | None = None) -> list[KeyRecord]:
        """Up to `limit` keys, newest first, whatever their status; `after` is the last id of the page before."""
        with self._reading() as db:
            return table.page(db, limit, after)

    def get(self, key_id: str) -> KeyRecord:
        """One key.

        Raises:
            BadAskError: `unknown_key` (404).
        """
        with self._reading() as db:
            return _found(db, key_id)

    def history(self, key_id: str, limit: int = 100) -> tuple[AuditEntry, ...]:
        """What was done to a key (or to `admin`), oldest first."""
        with self._reading() as db:
            return table.history(db, key_id, limit)

    def revoke(self, key_id: str, *, actor: str = "admin") -> KeyRecord:
        """Stop a key for good, in every process within 200 ms. Revoking again changes nothing.

        Raises:
            BadAskError: `unknown_key` (404).
        """
        with self._writing() as db:
            if _found(db, key_id).revoked_at is None:
                table.set_revoked(db, key_id, self._clock.now())
                self._note(db, "revoke", key_id, actor)
            return _found(db, key_id)

    def rotate(self, key_id: str, overlap_s: float = 0.0, *, actor: str = "admin") -> CreatedKey:
        """Make a successor with the same rights; the old key works for `overlap_s` seconds more.

        Raises:
            BadAskError: `unknown_key` (404); the overlap is negative or over a week, or the key is no longer
                active: revoked, expired, or rotated already (422).
        """
        if not 0 <= overlap_s <= OVERLAP_S:
            raise BadAskError(
                f"`overlap_s` is {overlap_s:g}; 0 to {OVERLAP_S:g} seconds are allowed.", status=422, param="overlap_s"
            )
        with self._writing() as db:
            old = _found(db, key_id)
            now = self._clock.now()
            if (status := old.status(now)) != "active":
                raise BadAskError(
                    f"The key {key_id} is {status}; only an active key can be rotated.",
                    code="key_not_active",
                    status=422,
                )
            made = self._insert(db, structs.replace(old.spec, counted_as=old.spec.counted_as or key_id))
            table.set_replaced(db, key_id, made.id, now + overlap_s)
            self._note(db, "rotate", key_id, actor, f"replaced by {made.id}, overlap {overlap_s:g} s")
            self._note(db, "create", made.id, actor, f"replaces {key_id}")
        return made

    def ensure_admin_key(self, environ: Mapping[str, str]) -> str | None:
        """See to it that there is an admin key: the environment's, else the stored one, else a new one.

        Returns:
            The new key, to be shown once; None when there was one already.
        """
        given = environ.get(ADMIN_VARIABLE)
        if given:
            self._admin_digest = digest(self._pepper, given)
            return None
        made = new_admin_key()
        with self._writing() as db:
            self._admin_digest = table.admin_digest(db)
            if self._admin_digest is not None:
                return None
            self._admin_digest = digest(self._pepper, made)
            table.insert_admin(db, self._admin_digest, self._clock.now())
            self._note(db, "create_admin", "admin", "first start")
        return made

    def is_admin(self, key: str) -> bool:
        """True for the admin key. Compares in constant time; text that is too long is refused unread."""
        if self._admin_digest is None or len(key) > ADMIN_KEY_CHARACTERS:
            return False
        return hmac.compare_digest(digest(self._pepper, key), self._admin_digest)

    @contextmanager
    def _reading(self) -> Iterator[apsw.Connection]:
        with self._lock:
            if self._db is None:
                raise StoreError("The key store is not open.")
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        """One write transaction; afterwards the reader looks for changes at its next call."""
        with self._reading() as db:
            with transaction(db):
                yield db
            self._reader.look_again()

    def _insert(self, db: apsw.Connection, spec: KeySpec) -> CreatedKey:
        key_id, key = new_key()
        table.insert(db, KeyRecord(id=key_id, spec=spec, created_at=self._clock.now()), digest(self._pepper, key))
        return CreatedKey(key_id, key)

    def _note(self, db: apsw.Connection, action: Action, key_id: str, actor: str, detail: str = "") -> None:
        table.note(db, AuditEntry(at=self._clock.now(), actor=actor, action=action, key_id=key_id, detail=detail))


def _found(db: apsw.Connection, key_id: str) -> KeyRecord:
    found = table.find(db, key_id) if is_id(key_id) else None
    if found is None:
        raise BadAskError("No key has this id.", code="unknown_key", status=404, param="id")
    return found[0]
