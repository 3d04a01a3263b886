"""Numbers of events: an `id:` line for each event of a stream, and finding the place behind one.

The line stands first in its event, so a client that was cut off in the middle of an event has not seen its number: that
event is sent again, and none twice. Comments have no number, and no blank line after them: once the Python SDKs (openai
3.54, anthropic 2.12) have seen an id, they take any blank line for the end of an event, and fail at its missing data.
Every piece given here is made of whole events, as writers of dialects make them. Rules of the format: HTML Living
Standard, section 9.2 (server-sent events).
"""

import re

_LINE = re.compile(rb"\r\n|\n|\r")
_PREFIXES = [b"id: %d\n" % number for number in range(4096)]
"""Most streams are shorter; joining two strings costs half of formatting one."""
_KNOWN = len(_PREFIXES)
_LF, _CR, _D, _E, _COLON = b"\n\rde:"


class Numbering:
    """Numbers the events of one stream from 1.

    Attributes:
        last: Number of the last event so far, 0 before the first.
    """

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0

    def stamp(self, piece: bytes) -> bytes:
        """`piece` with a number on each of its events.

        On the hot path: one event of a `data` line, with an `event` line before it or without, is only prefixed. Such
        lines cannot hold an id of the provider's own. Everything else is taken apart.
        """
        end = len(piece) - 2
        line = piece.find(_LF)
        if 0 < line < end and piece[line + 1] == _D:
            line = piece.find(_LF, line + 1)
        if line == end > 0 and piece[-1] == _LF and _D <= piece[0] <= _E and _CR not in piece:
            self.last = number = self.last + 1
            return (_PREFIXES[number] if number < _KNOWN else b"id: %d\n" % number) + piece
        return self._apart(piece)

    def _apart(self, piece: bytes) -> bytes:
        """Any number of events and comments, in any line ends; they come back in LF, and without ids of others."""
        if _CR in piece:
            piece = _LINE.sub(b"\n", piece)
        return b"".join([self._block(block) for block in piece.split(b"\n\n")])

    def _block(self, block: bytes) -> bytes:
        line = block.find(_LF)
        first = block[:1]
        one_line, two_lines = line < 0, block.find(b"\nd", line) == line == block.rfind(b"\n")
        if (one_line and first == b"d") or (two_lines and first == b"e"):
            self.last = number = self.last + 1  # as dialects write it: `data`, with `event` before it or without
            return (_PREFIXES[number] if number < _KNOWN else b"id: %d\n" % number) + block + b"\n\n"
        lines = [line for line in block.split(b"\n") if line]
        if not lines:
            return b""
        text = b"".join([line + b"\n" for line in lines if line.partition(b":")[0] != b"id"])
        if all(line[0] == _COLON for line in lines):
            return text
        self.last += 1
        return b"id: %d\n%b\n" % (self.last, text)


def last_number(data: bytes, before: int) -> int:
    """Number of the last event in stamped `data`; `before` when it has none."""
    at = data.rfind(b"\nid: ") + 1
    if at == 0 and not data.startswith(b"id: "):
        return before
    return int(data[at + 4 : data.index(_LF, at)])


def behind(data: bytes, number: int) -> bytes:
    """What follows the event `number` in stamped `data`, which holds that event."""
    line = b"id: %d\n" % number
    at = 0 if data.startswith(line) else data.index(b"\n" + line)
    return data[data.index(b"\n\n", at) + 2 :]
