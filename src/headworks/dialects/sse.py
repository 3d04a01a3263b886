"""Server-sent events: cut a byte stream into events, and read an event's name and data.

Follows the HTML Living Standard, section 9.2 (event stream format): lines end in LF, CR or CRLF, a blank line ends an
event, a leading byte order mark is skipped. Bytes are only cut at blank lines, never decoded here, so a UTF-8 character
or an event may arrive in any number of pieces.
"""

import re

from headworks.core.errors import ProviderError

_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_BOM = b"\xef\xbb\xbf"


class EventSplitter:
    """Cuts pieces of a stream, however they fall, into whole events (each with its blank line).

    Args:
        limit_bytes: An event longer than this is an error: a provider that never ends one must not fill the memory.
    """

    def __init__(self, limit_bytes: int = 64 * 1024 * 1024) -> None:
        self._rest = b""
        self._begun = False
        self._limit = limit_bytes
        self._scanned = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The events completed by `piece`, in order; bytes of an unfinished event are kept for the next call.

        Raises:
            ProviderError: The unfinished event is over the limit.
        """
        if not self._begun:
            piece = self._without_bom(piece)
        if not self._rest and piece.endswith(b"\n\n") and piece.count(b"\n\n") == 1 and b"\r" not in piece:
            return [piece]  # the common case: one read is one event
        return self._split(piece)

    def _without_bom(self, piece: bytes) -> bytes:
        joined = self._rest + piece
        if len(joined) < len(_BOM) and _BOM.startswith(joined):
            self._rest = joined
            return b""
        self._begun = True
        self._rest = b""
        return joined.removeprefix(_BOM)

    def _split(self, piece: bytes) -> list[bytes]:
        buffer = self._rest + piece if self._rest else piece
        events: list[bytes] = []
        start = 0
        # A blank line may straddle the old and the new bytes by at most three.
        search_from = max(0, self._scanned - 3)
        while match := _BLANK_LINE.search(buffer, search_from):
            end = match.end()
            if end == len(buffer) and buffer.endswith(b"\r"):
                break  # CR may be the first half of CRLF: wait for the next byte
            events.append(buffer[start:end])
            start = search_from = end
        self._rest = buffer[start:]
        self._scanned = len(self._rest)
        if len(self._rest) > self._limit:
            raise ProviderError(
                f"The provider sent an event of more than {self._limit} bytes without ending it.", retryable=True
            )
        return events

    def end(self) -> bytes:
        """What is left when the stream ends: an event without its blank line, or nothing. The standard discards it."""
        return self._rest.strip(b"\r\n")


def event_data(event: bytes) -> tuple[bytes, bytes]:
    """The name and the data of one event, `(b"", b"")` for one of comments only. Several data lines join with LF."""
    if event.startswith(b"data: ") and event.endswith(b"\n\n") and event.count(b"\n") == 2 and b"\r" not in event:
        return b"", event[6:-2]
    name = b""
    data: list[bytes] = []
    for line in re.split(rb"\r\n|\n|\r", event):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return name, b"\n".join(data)
