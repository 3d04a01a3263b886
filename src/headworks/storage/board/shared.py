"""The board of several nodes: a Redis or Valkey server has the last word, each machine's file a copy.

Every `LOOK_S` each worker asks the server for what is new, which is one small question. While the server is away, what
stands goes on standing, and what is put up without an expected version is in force on this machine at once, and
elsewhere when the server is back: a kill switch must work just then. A change with an expected version is refused
meanwhile. A server that came back empty is told again what the machines know; of two words on a name the higher version
wins, of two with the same version the later one.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import structlog
from msgspec.structs import replace

from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.people.board import Entry
from headworks.storage.board.board import FileBoard, conflict
from headworks.storage.link.line import Line, LineLimits
from headworks.storage.link.script import Script
from headworks.storage.link.url import check_url
from headworks.storage.link.wire import LinkError

LOOK_S = 0.2
LIMITS = LineLimits(within_s=0.5, failures=3, dial_s=1.0, first_pause_s=0.1, longest_pause_s=1.0)
_FORM = b"hw1:{board}:"
_EPOCH, _SEQUENCE, _ENTRIES, _VERSIONS, _CHANGES = (
    _FORM + name for name in (b"epoch", b"sequence", b"entries", b"versions", b"changes")
)
_KEYS = [_EPOCH, _SEQUENCE, _ENTRIES, _VERSIONS, _CHANGES]
_KEPT, _STEP = b"10000", b"500"
_log = structlog.get_logger("headworks.board")

# ARGV: field, entry, expected version or empty, lowest version (of an entry that is told again) or empty.
_PUT = Script(
    """
    local field, entry, expected, own = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local version = tonumber(redis.call('HGET', KEYS[4], field) or '0')
    if expected ~= '' and tonumber(expected) ~= version then
        return {0, version, redis.call('HGET', KEYS[3], field) or ''}
    end
    local made = version + 1
    if own ~= '' then
        made = tonumber(own)
        if made <= version then return {0, version, redis.call('HGET', KEYS[3], field) or ''} end
    end
    local number = redis.call('INCR', KEYS[2])
    redis.call('HSET', KEYS[4], field, made)
    redis.call('HSET', KEYS[3], field, entry)
    redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[5], number .. '-1', 'v', made, 'e', entry)
    return {1, made, ''}
    """
)
# ARGV: a new epoch's name, number of the last change seen, how many at most.
_LOOK = Script(
    """
    redis.call('SET', KEYS[1], ARGV[1], 'NX')
    local last = tonumber(redis.call('GET', KEYS[2]) or '0')
    local found = {}
    if last > tonumber(ARGV[2]) then
        found = redis.call('XRANGE', KEYS[5], '(' .. ARGV[2] .. '-1', '+', 'COUNT', ARGV[3])
    end
    return {redis.call('GET', KEYS[1]), last, found}
    """,
    "allow-oom",
)
_ALL = Script("return {redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4])}", "no-writes")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class SharedBoard(FileBoard):
    """Satisfies `core.people.board.Board` and `core.protocols.Room`.

    Args:
        url: Of the server.
        data_dir: Holds this machine's copy.
        clock: Wall time of changes.
    """

    def __init__(self, url: str, data_dir: Path, clock: Clock) -> None:
        super().__init__(data_dir, clock)
        self._line = Line(check_url(url), LIMITS, clock, probed=_EPOCH, name="board-line")
        self._line.on_change = self._changed
        self._woken = asyncio.Event()
        self._asking = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the copy and begin to follow the server; waits a moment for its first word."""
        await super().start()
        await self._line.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(LIMITS.dial_s):
                await self._line.there()
                await self._attempted()
        self._following = asyncio.create_task(self._follow(), name="board-server")

    async def stop(self) -> None:
        """Follow no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
            self._following = None
        await self._line.stop()
        await super().stop()

    async def follow(self) -> None:
        """Tell the server what it has not heard of, and hear what is new.

        Raises:
            LinkError: It does not answer.
            StoreError: The copy cannot be written.
        """
        async with self._asking:
            file = self.opened()
            epoch, seen = await asyncio.to_thread(file.server)
            arguments = (uuid4().hex.encode(), b"%d" % seen, _STEP)
            named, last, rows = await _LOOK.run(self._line, _KEYS, *arguments)
            missed = _number(rows[0]) != seen + 1 if rows else int(last) != seen
            if named.decode() != epoch or missed:
                seen = await self._told_again(int(last))
                await asyncio.to_thread(file.saw, named.decode(), seen)
            elif rows:
                await asyncio.to_thread(file.merge, [_changed(row) for row in rows])
                await asyncio.to_thread(file.saw, epoch, _number(rows[-1]))
            for entry in await asyncio.to_thread(file.pending):
                await self._take_over(entry)
            self.look()

    async def _kept(self, entry: Entry, expected: int | None) -> Entry:
        try:
            made, version, stands = await self._put(entry, b"" if expected is None else b"%d" % expected)
        except LinkError as error:
            if expected is not None:
                raise StoreError(f"The board that nodes share cannot be reached: {str(error).rstrip('.')}.") from error
            _log.warning("board_server_away", name=entry.name, effect="in force here, elsewhere when it is back")
            return await asyncio.to_thread(self.opened().put, entry, None, pending=True)
        if not made:
            raise conflict(entry, replace(_decode(stands), version=int(version)) if stands else None)
        kept = replace(entry, version=int(version))
        try:
            await asyncio.to_thread(self.opened().merge, [kept])
        except StoreError as error:  # the server has it, and the copy will
            _log.warning("board_not_kept_up", reason=error.message)
            self.apply([kept])
        return kept

    async def _put(self, entry: Entry, expected: bytes, own: bytes = b"") -> tuple[int, int, bytes]:
        made, version, stands = await _PUT.run(self._line, _KEYS, _field(entry), _encode(entry), expected, own, _KEPT)
        return int(made), int(version), stands

    async def _take_over(self, entry: Entry) -> None:
        """What was put up while the server was away stands from now on: it is what people have wanted since."""
        _, version, _ = await self._put(entry, b"")
        await asyncio.to_thread(self.opened().taken_over, entry, replace(entry, version=version))

    async def _told_again(self, last: int) -> int:
        """All that is known here and there, told to each other; the number of the last change that was read."""
        file = self.opened()
        entries, versions = (_pairs(found) for found in await _ALL.run(self._line, _KEYS))
        theirs = [replace(_decode(packed), version=int(versions[field])) for field, packed in entries.items()]
        known = {(entry.kind, entry.name): entry for entry in theirs}
        for entry in await asyncio.to_thread(file.standing):
            other = known.get((entry.kind, entry.name))
            if other is None or entry.version > other.version:
                await self._put(entry, b"", b"%d" % entry.version)
            elif entry.version == other.version and entry.at_s > other.at_s:
                await self._put(entry, b"%d" % entry.version)
        await asyncio.to_thread(file.merge, theirs)
        return last

    async def _follow(self) -> None:
        while True:
            self._woken.clear()
            await self._attempted()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()

    async def _attempted(self) -> None:
        try:
            await self.follow()
        except LinkError:  # the line itself says that it is away
            return
        except StoreError as error:
            _log.warning("board_not_kept_up", reason=error.message)

    def _changed(self) -> None:
        if self._line.up:
            self._woken.set()
        else:
            _log.warning("board_server_away", reason=self._line.reason)


def _field(entry: Entry) -> bytes:
    return f"{entry.kind}\0{entry.name}".encode()


def _number(row: Any) -> int:
    return int(row[0].split(b"-")[0])


def _changed(row: Any) -> Entry:
    _, version, _, packed = row[1]
    return replace(_decode(packed), version=int(version))


def _pairs(found: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(found[::2], found[1::2], strict=True))
