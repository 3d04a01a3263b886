"""What every board does: puts up, takes down, tells who was faster, keeps what was done."""

import asyncio

import pytest
from tests.contract.board.conftest import AnyBoard, opened

from headworks.core.errors import BadAskError
from headworks.core.people.board import MOST_VALUE_BYTES


async def test_what_is_put_up_stands_until_it_is_taken_down(board: AnyBoard) -> None:
    async with opened(board):
        assert board.get("flag", "a") is None
        made = await board.put("flag", "a", b"1", who="ann", why="to see")
        assert (made.version, made.who, made.why, made.value) == (1, "ann", "to see", b"1")
        assert board.get("flag", "a") == made
        await board.put("flag", "b|ü\0", b"2", who="ann")
        await board.put("switch", "a", b"3", who="ann")
        assert {name: entry.value for name, entry in board.all("flag").items()} == {"a": b"1", "b|ü\0": b"2"}
        gone = await board.put("flag", "a", None, who="bob")
        assert (gone.version, board.get("flag", "a")) == (2, None)
        again = await board.put("flag", "a", b"4", who="ann")
        assert again.version == 3
        entry = board.get("switch", "a")
        assert entry is not None
        assert entry.value == b"3"


async def test_of_two_who_change_the_same_version_the_second_is_told(board: AnyBoard) -> None:
    async with opened(board):
        await board.put("label", "x", b"1", who="ann", expected=0)
        tries = [board.put("label", "x", b"%d" % n, who=f"p{n}", expected=1) for n in range(5)]
        done = await asyncio.gather(*tries, return_exceptions=True)
        made = [one for one in done if not isinstance(one, BaseException)]
        told = [one for one in done if isinstance(one, BadAskError)]
        assert (len(made), {(one.code, one.status) for one in told}) == (1, {("conflict", 409)})
        assert made[0].version == 2
        with pytest.raises(BadAskError, match="x"):
            await board.put("label", "x", b"9", who="late", expected=0)
        with pytest.raises(BadAskError):
            await board.put("label", "new", b"9", who="late", expected=1)


async def test_watchers_hear_of_their_kind_after_the_change_is_in_force(board: AnyBoard) -> None:
    heard: list[bytes | None] = []

    def look() -> None:
        entry = board.get("flag", "a")
        heard.append(entry.value if entry else None)

    board.watch("flag", look)
    async with opened(board):
        heard.clear()
        await board.put("flag", "a", b"1", who="ann")
        await board.put("switch", "a", b"9", who="ann")
        await board.put("flag", "a", None, who="ann")
    assert heard[0] == b"1"
    assert heard[-1] is None
    assert len(heard) == 2


async def test_every_change_is_kept_the_newest_first(board: AnyBoard) -> None:
    async with opened(board):
        for value in (b"1", b"2", None):
            await board.put("flag", "a", value, who="ann", why="because")
        await board.put("flag", "b", b"5", who="bob")
        of_a = await board.history("flag", "a")
        assert [(one.version, one.value, one.who, one.why) for one in of_a] == [
            (3, None, "ann", "because"),
            (2, b"2", "ann", "because"),
            (1, b"1", "ann", "because"),
        ]
        assert [one.name for one in await board.history(limit=2)] == ["b", "a"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("", b"1", ""), ("n" * 301, b"1", ""), ("n", b"x" * (MOST_VALUE_BYTES + 1), ""), ("n", b"1", "w" * 1001)],
)
async def test_what_is_too_large_is_refused(board: AnyBoard, name: str, value: bytes, why: str) -> None:
    async with opened(board):
        with pytest.raises(BadAskError) as told:
            await board.put("flag", name, value, who="ann", why=why)
        assert told.value.status == 422
        assert await board.history() == []
