"""A database that does not exist yet may be opened by several workers and commands in the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from headworks.storage.sqlite import connect

TOGETHER, FILES = 8, 25


def test_all_of_them_get_it_in_write_ahead_mode(tmp_path: Path) -> None:
    barrier = Barrier(TOGETHER)

    def modes(_: int) -> set[str]:
        found = set()
        for number in range(FILES):  # one in forty would meet the race that is looked for
            barrier.wait(30)
            connection = connect(tmp_path / f"{number}.sqlite")
            found.add(str(connection.pragma("journal_mode")))
            connection.close()
        return found

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert set().union(*pool.map(modes, range(TOGETHER))) == {"wal"}
