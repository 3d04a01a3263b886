"""How an answer leaves: its bytes in time, with the faults of the recipe where they strike.

`plan` decides (pure), `Delivery` does. The plain case, a good answer that is not streamed, needs neither.
"""

import asyncio
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import pairwise

from msgspec import Struct

from headworks.testing.calls import Call
from headworks.testing.http import Connection
from headworks.testing.recipe import GOOD, Recipe
from headworks.testing.wire.parts import Frame, Wire, later_fault

_DRIBBLE_S = 0.01
_LAST_CHUNK = b"0\r\n\r\n"


class Wait(Struct, frozen=True):
    """Send nothing for so long."""

    seconds: float


class End(Enum):
    """The answer ends here: `DONE` as HTTP wants it, `CUT` by closing the connection, `RESET` by resetting it."""

    DONE = "done"
    CUT = "cut"
    RESET = "reset"


Step = bytes | Wait | End


def at_once(recipe: Recipe) -> bool:
    """True when an answer that is not streamed may be written in one go, without a task of its own."""
    if recipe is GOOD:
        return True
    faults = (
        recipe.stall_after_tokens,
        recipe.cut_after_tokens,
        recipe.reset_after_tokens,
        recipe.malformed_after_tokens,
        recipe.tokens_per_second,
        recipe.bytes_per_second,
    )
    return faults == (None,) * len(faults) and not _unusual(recipe)


def _unusual(recipe: Recipe) -> bool:
    return bool(recipe.silence_s or recipe.first_token_s or recipe.hang_up or recipe.split_utf8)


def plan(frames: Iterable[Frame], recipe: Recipe, wire: Wire, total: int, *, paced: bool = True) -> Iterator[Step]:
    """The steps of an answer of `total` tokens. A fault set beyond the last token strikes at the last one.

    Args:
        frames: The answer.
        recipe: Its faults, and the pace of a stream.
        wire: The dialect of events that faults put in.
        total: Tokens in `frames`.
        paced: False for a body that is written when all its tokens are there.
    """
    pace_s = 1 / recipe.tokens_per_second if paced and recipe.tokens_per_second else 0.0
    late_s = recipe.first_token_s if paced else 0.0
    for step in _steps(frames, pace_s, late_s, _strikes(recipe, wire, total)):
        yield step
        if isinstance(step, End):
            return


def _steps(frames: Iterable[Frame], pace_s: float, late_s: float, strikes: dict[int, list[Step]]) -> Iterator[Step]:
    sent = 0
    yield from strikes.get(0, ())
    for frame in frames:
        if frame.tokens and (pace_s or (late_s and not sent)):
            yield Wait(frame.tokens * pace_s + (0.0 if sent else late_s))
        yield frame.data
        for _ in range(frame.tokens):
            sent += 1
            yield from strikes.get(sent, ())
    yield End.DONE


def _strikes(recipe: Recipe, wire: Wire, total: int) -> dict[int, list[Step]]:
    """What happens after how many tokens, in the order in which faults of one place make sense."""
    found: dict[int, list[Step]] = {}
    if recipe is GOOD:
        return found
    faults: tuple[tuple[int | None, list[Step]], ...] = (
        (recipe.stall_after_tokens, [Wait(recipe.stall_s)]),
        (recipe.malformed_after_tokens, [wire.malformed]),
        (recipe.error_after_tokens, [wire.error_event(later_fault(recipe, wire)), End.DONE]),
        (recipe.reset_after_tokens, [End.RESET]),
        (recipe.cut_after_tokens, [End.CUT]),
    )
    for after, steps in faults:
        if after is not None:
            found.setdefault(min(after, total), []).extend(steps)
    return found


def in_frames(body: bytes, tokens: int) -> list[Frame]:
    """A whole body as frames of equal share, one per token, so that faults find their place in it."""
    pieces = max(1, tokens)
    marks = [len(body) * step // pieces for step in range(pieces + 1)]
    return [Frame(body[start:end], 1) for start, end in pairwise(marks)]


class Delivery:
    """Sends one planned answer over one connection.

    Args:
        connection: Where to.
        call: The record that counts the bytes.
        recipe: Its byte-level habits (dribble, split, coalesce) apply.
        chunked: True to frame each write as an HTTP chunk, for an answer without `content-length`.
    """

    def __init__(self, connection: Connection, call: Call, recipe: Recipe, *, chunked: bool) -> None:
        self._connection = connection
        self._call = call
        self._recipe = recipe
        self._chunked = chunked
        self._held: list[bytes] = []
        self._due_s = asyncio.get_running_loop().time()

    async def run(self, head: bytes, steps: Iterable[Step], silence_s: float) -> bool:
        """Wait, send `head`, then take each step until the answer has ended as the plan says; False when it was cut."""
        await self._wait(silence_s)
        if self._recipe.hang_up:
            self._connection.hang_up()
            return False
        await self._write(head)
        for step in steps:
            if isinstance(step, bytes):
                await self._body(step)
            elif isinstance(step, Wait):
                await self._flush()
                await self._wait(step.seconds)
            else:
                await self._flush()
                await self._end(step)
                return step is End.DONE
        return True

    async def _wait(self, seconds: float) -> None:
        """Wait until the due time, which only plans move: the pace does not drift with the time that sending takes."""
        if seconds:
            self._due_s += seconds
            await asyncio.sleep(self._due_s - asyncio.get_running_loop().time())

    async def _body(self, data: bytes) -> None:
        if self._recipe.coalesce:
            self._held.append(data)
        elif self._recipe.split_utf8 and len(data) > 1:
            at = _inside_a_character(data)
            await self._write(self._framed(data[:at]))
            await self._write(self._framed(data[at:]))
        else:
            await self._write(self._framed(data))

    async def _flush(self) -> None:
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            await self._write(self._framed(data))

    async def _end(self, end: End) -> None:
        if end is End.RESET:
            await self._connection.ready()
            self._connection.reset()
        elif end is End.CUT:
            self._connection.hang_up()
        elif self._chunked:
            await self._write(_LAST_CHUNK)

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked and data else data

    async def _write(self, data: bytes) -> None:
        rate = self._recipe.bytes_per_second
        if rate is None:
            self._send(data)
            await self._connection.ready()
            return
        step = max(1, round(rate * _DRIBBLE_S))
        for start in range(0, len(data), step):
            self._send(data[start : start + step])
            await self._wait(step / rate)

    def _send(self, data: bytes) -> None:
        self._call.bytes_sent += len(data)
        self._connection.send(data)


def _inside_a_character(data: bytes) -> int:
    """A place in `data` that lies within a character of several bytes, else the middle."""
    for at, byte in enumerate(data):
        if at and byte & 0xC0 == 0x80:
            return at
    return len(data) // 2
