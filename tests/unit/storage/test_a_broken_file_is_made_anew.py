"""A file that can be lost: opened, found broken, made anew once for all who use it."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from headworks.core.errors import StoreError
from headworks.storage.renewable import Layout, RenewableFile
from headworks.storage.sqlite import transaction

LAYOUT = Layout(
    name="things.sqlite",
    room="things",
    steps=("CREATE TABLE things (name TEXT PRIMARY KEY) STRICT",),
    log_bytes=64 * 1024,
    main_bytes=1024**2,
    cache_kib=256,
)


def new_file(folder: Path) -> RenewableFile:
    return RenewableFile(folder, LAYOUT, no_lock, "headworks.test")


def no_lock() -> AbstractContextManager[None]:
    return nullcontext()


def names(file: RenewableFile) -> list[str]:
    assert file.writer is not None
    return [name for (name,) in file.writer.execute("SELECT name FROM things ORDER BY name")]


def add(file: RenewableFile, *wanted: str) -> None:
    assert file.writer is not None
    with transaction(file.writer) as db:
        db.executemany("INSERT INTO things VALUES (?)", [(name,) for name in wanted])


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    file = new_file(tmp_path)
    file.open()
    add(file, "a", "b")
    file.close()
    file.open()
    assert names(file) == ["a", "b"]
    assert file.made_anew == 0


def test_bytes_that_are_no_database_are_deleted(tmp_path: Path) -> None:
    (tmp_path / LAYOUT.name).write_bytes(b"nothing of ours" * 1000)
    file = new_file(tmp_path)
    file.open()
    assert names(file) == []
    assert file.made_anew == 1
    file.close()


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / LAYOUT.name).mkdir()
    with pytest.raises(StoreError, match=r"things\.sqlite cannot be opened"):
        new_file(tmp_path).open()


def test_only_the_first_who_finds_it_broken_makes_it_anew(tmp_path: Path) -> None:
    one, two = new_file(tmp_path), new_file(tmp_path)
    one.open()
    two.open()
    one.make_anew(StoreError("broken"))
    add(one, "new")
    assert two.is_replaced()
    two.make_anew(StoreError("broken"))
    assert names(two) == ["new"]
    assert (one.made_anew, two.made_anew) == (1, 0)
    one.close()
    two.close()


def test_a_log_that_has_used_up_half_its_share_is_brought_in(tmp_path: Path) -> None:
    file = new_file(tmp_path)
    db = file.open()
    db.wal_autocheckpoint(0)
    add(file, *(f"{number:0200}" for number in range(300)))
    assert file.log_bytes > LAYOUT.log_bytes // 2
    file.keep_log_small()
    assert file.log_bytes == 0
    assert file.total_bytes > 60_000
    file.close()


def test_a_reader_keeps_the_log_from_being_emptied(tmp_path: Path) -> None:
    file, reader = new_file(tmp_path), new_file(tmp_path)
    file.open()
    rows = reader.open()
    add(file, "a")
    rows.execute("BEGIN")
    assert names(reader) == ["a"]
    add(file, "b")
    assert not file.checkpoint()
    rows.execute("COMMIT")
    assert file.checkpoint()
    reader.close()
    file.close()
