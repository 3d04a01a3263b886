"""HTTP/1.1 by uvicorn, with three additions. Any other ASGI server works too, at a higher price.

The call under way is told at once when its client closes the connection. ASGI's own way is a task per call that waits
in `receive`; that task cost a tenth of a whole call when measured.

Status, headers and body go out in one piece. ASGI's own way checks every header by regular expressions, in two
messages; that was a third of a call that is answered from the cache.

A connection has one timer that looks now and then whether it is idle. uvicorn sets one after each answer, and takes it
back at the next request.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

EXTENSION = "headworks.connection"


class ConnectionProtocol(HttpToolsProtocol):
    """One client connection. `on_lost` is what to call when it closes; None while no call is under way."""

    on_lost: Callable[[], None] | None = None
    _idle_since_s: float | None = None

    def on_message_begin(self) -> None:
        """A request begins: let its call find this connection."""
        super().on_message_begin()
        extensions: dict[str, Any] = {EXTENSION: self}  # ASGI leaves their values open
        self.scope["extensions"] = extensions

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: tell the call."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        if self.on_lost is not None:
            self.on_lost()

    def on_response_complete(self) -> None:
        """An answer is out: the next request that waits is begun, else the connection is idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
            return
        self._idle_since_s = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_later(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for long enough; look again later at one that has not."""
        self.timeout_keep_alive_task = None
        if self._idle_since_s is None or self.transport.is_closing():
            return  # looked after again once its answer is out
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._look_later(left_s)
        else:
            self.transport.close()

    def _unset_keepalive_if_required(self) -> None:
        """Something came: the connection is not idle."""
        self._idle_since_s = None

    def _look_later(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


class Opening(NamedTuple):
    """The beginning of an answer.

    Attributes:
        status: HTTP status.
        headers: Names in lower case. With `content-length` where the data is all of the body, and it is sent in chunks
            otherwise.
        data: The first bytes of the body.
        chunked: Whether it is sent in chunks.
        last: Whether these bytes are the last, too.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    data: bytes
    chunked: bool
    last: bool


def write_opening(send: Any, opening: Opening) -> bool:
    """Write status, headers and the first bytes of the body in one piece.

    Args:
        send: ASGI's, for this request.
        opening: What to write.

    Returns:
        False when nothing was written, and `send` is to be used: by another server, to a client that is gone or slow.

    Raises:
        ValueError: A line break in a header, which would begin a header of somebody else's making.
    """
    cycle = getattr(send, "__self__", None)
    if type(cycle) is not RequestResponseCycle or not _is_plain(cycle):
        return False
    pieces = [_head(cycle, opening)]
    if not opening.chunked:
        pieces.append(opening.data)
    elif opening.data:
        pieces += (b"%x\r\n" % len(opening.data), opening.data, b"\r\n")
    if opening.chunked and opening.last:
        pieces.append(b"0\r\n\r\n")
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.chunked_encoding = opening.chunked
    cycle.transport.write(b"".join(pieces))
    if opening.last:
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
    return True


def _head(cycle: RequestResponseCycle, opening: Opening) -> bytes:
    lines = [STATUS_LINE[opening.status]]
    for name, value in (*cycle.default_headers, *opening.headers):
        lines += (name, b": ", value, b"\r\n")
    breaks = len(cycle.default_headers) + len(opening.headers) + 2
    if not cycle.keep_alive:
        lines.append(b"connection: close\r\n")
        breaks += 1
    if opening.chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
        breaks += 1
    lines.append(b"\r\n")
    head = b"".join(lines)
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks:
        raise ValueError("A header of an answer holds a line break.")
    return head


def _is_plain(cycle: RequestResponseCycle) -> bool:
    """Whether nothing has been sent, the client takes what is sent, and nobody wants an access log of uvicorn's."""
    began = cycle.response_started or cycle.disconnected or cycle.flow.write_paused
    return not began and not cycle.access_log and cycle.scope["method"] != "HEAD"


def connection_of(scope: Any) -> ConnectionProtocol | None:
    """The connection a request came over, when this protocol serves it."""
    extensions = scope.get("extensions")
    found = extensions.get(EXTENSION) if extensions else None
    return found if isinstance(found, ConnectionProtocol) else None
