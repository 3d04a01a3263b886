"""Workers of a machine and nodes of a server know the same, through restarts, losses and absences."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.board.conftest import CLOCK, node, opened, until
from tests.contract.cache.valkey import Valkey

from headworks.core.errors import BadAskError, StoreError
from headworks.core.people.board import Entry
from headworks.storage.board import FileBoard, SharedBoard
from headworks.storage.board.file import BoardFile


def value(board: FileBoard, name: str = "a", kind: str = "switch") -> bytes | None:
    entry = board.get(kind, name)
    return entry.value if entry else None


async def test_workers_of_one_machine_hear_of_each_other(tmp_path: Path) -> None:
    async with opened(FileBoard(tmp_path, CLOCK)) as one, opened(FileBoard(tmp_path, CLOCK)) as other:
        assert isinstance(other, FileBoard)
        await one.put("switch", "a", b"1", who="ann")
        await until(lambda: value(other) == b"1")
        await other.put("switch", "a", None, who="bob", expected=1)
        assert isinstance(one, FileBoard)
        await until(lambda: value(one) is None)
        with pytest.raises(BadAskError, match=r"bob took down `a` at .*; it is at version 2 now"):
            await one.put("switch", "a", b"3", who="ann", expected=1)


async def test_what_stands_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(FileBoard(tmp_path, CLOCK)) as board:
        made = await board.put("switch", "a", b"1", who="ann")
    async with opened(FileBoard(tmp_path, CLOCK)) as board:
        assert board.get("switch", "a") == made


async def test_a_reader_that_was_away_for_longer_than_changes_are_kept_reads_all(tmp_path: Path) -> None:
    async with opened(FileBoard(tmp_path, CLOCK)) as one:
        assert isinstance(one, FileBoard)
        await one.put("switch", "a", b"1", who="ann")
        file = one.opened()
        for number in range(3):
            file.put(entry("b", b"%d" % number), None)
        file._writer.execute("DELETE FROM board_changes WHERE id < 4")
        file._writer.execute("UPDATE board SET value = x'39' WHERE name = 'a'")
        one._last = 1
        one.look()
        assert (value(one), value(one, "b")) == (b"9", b"2")


async def test_nodes_hear_of_each_other_and_of_what_was_before_them(valkey: Valkey, tmp_path: Path) -> None:
    async with opened(node(valkey, tmp_path / "1")) as one:
        await one.put("switch", "a", b"1", who="ann", why="first")
        async with opened(node(valkey, tmp_path / "2")) as two, opened(FileBoard(tmp_path / "2", CLOCK)) as worker:
            assert isinstance(one, SharedBoard)
            assert isinstance(two, SharedBoard)
            assert isinstance(worker, FileBoard)
            assert value(two) == b"1"
            await two.put("switch", "a", b"2", who="bob", expected=1)
            await until(lambda: value(one) == b"2" and value(worker) == b"2")
            with pytest.raises(BadAskError, match="bob changed `a`"):
                await one.put("switch", "a", b"3", who="ann", expected=1)
            assert [change.who for change in await one.history("switch", "a")] == ["bob", "ann"]


async def test_a_switch_works_on_its_machine_while_the_server_is_away_and_everywhere_afterwards(
    harmed: Valkey, tmp_path: Path
) -> None:
    async with opened(node(harmed, tmp_path / "1")) as one, opened(node(harmed, tmp_path / "2")) as two:
        assert isinstance(one, SharedBoard)
        assert isinstance(two, SharedBoard)
        await one.put("switch", "a", b"1", who="ann")
        await until(lambda: value(two) == b"1")
        harmed.kill()
        await until(lambda: not one._line.up)
        made = await one.put("switch", "b", b"2", who="ann")
        assert (made.version, value(one, "b"), value(one)) == (1, b"2", b"1")
        with pytest.raises(StoreError, match="cannot be reached"):
            await one.put("switch", "a", b"3", who="ann", expected=1)
        assert value(one) == b"1"
        harmed.start()  # as a server that has lost everything
        await until(lambda: value(two, "b") == b"2" and value(two) == b"1")
        async with opened(node(harmed, tmp_path / "3")) as three:
            assert isinstance(three, SharedBoard)
            assert (value(three), value(three, "b")) == (b"1", b"2")
        assert one.opened().pending() == []


async def test_a_node_that_was_away_hears_of_more_than_the_server_keeps_in_its_log(
    valkey: Valkey, tmp_path: Path
) -> None:
    async with opened(node(valkey, tmp_path / "1")) as one:
        await one.put("switch", "a", b"0", who="ann")
        async with opened(node(valkey, tmp_path / "2")):
            pass
        for number in range(20):
            await one.put("switch", f"n{number}", b"1", who="ann")
        await one.put("switch", "a", None, who="ann")
        valkey.ask("XTRIM", "hw1:{board}:changes", "MAXLEN", "3")
        async with opened(node(valkey, tmp_path / "2")) as two:
            assert isinstance(two, SharedBoard)
            assert len(two.all("switch")) == 20
            assert value(two) is None


async def test_the_board_opens_without_a_server_as_it_was(harmed: Valkey, tmp_path: Path) -> None:
    async with opened(node(harmed, tmp_path)) as board:
        await board.put("switch", "a", b"1", who="ann")
    harmed.kill()
    async with opened(node(harmed, tmp_path)) as board:
        assert isinstance(board, SharedBoard)
        assert value(board) == b"1"


def entry(name: str, value: bytes | None, version: int = 0, at_s: float = 1.0) -> Entry:
    return Entry(kind="switch", name=name, value=value, version=version, at_s=at_s, who="x")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.one_of(st.none(), st.binary(max_size=3)), st.integers(1, 6)), max_size=12
    )
)
def test_merging_twice_and_in_any_order_comes_to_the_highest_version(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, bytes | None, int]]
) -> None:
    # One version of a name has one value: the server gives each only once.
    known: dict[tuple[str, int], bytes | None] = {}
    entries = [entry(name, known.setdefault((name, version), text), version) for name, text, version in told]
    results = []
    for order in (entries, entries[::-1] + entries):
        file = BoardFile(tmp_path_factory.mktemp("board"))
        file.merge(order)
        results.append({one.name: one for one in file.standing()})
        file.close()
    expected = {one.name: one for one in sorted(entries, key=lambda one: one.version)}
    assert results == [expected, expected]


async def test_changes_made_by_many_at_once_are_all_counted(valkey: Valkey, tmp_path: Path) -> None:
    boards = [node(valkey, tmp_path / str(number % 2)) for number in range(4)]
    for board in boards:
        await board.start()
    await asyncio.gather(*(boards[n % 4].put("switch", "a", b"%d" % n, who=str(n)) for n in range(40)))
    await until(lambda: {one.get("switch", "a") for one in boards} == {boards[0].get("switch", "a")})
    stands = boards[0].get("switch", "a")
    assert stands is not None
    assert stands.version == 40
    for board in boards:
        assert {change.version for change in await board.history("switch", "a")} == set(range(1, 41))
        await board.stop()
