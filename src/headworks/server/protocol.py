"""HTTP/1.1 by uvicorn, with one addition: the call under way is told at once when its client closes the connection.

ASGI's own way is a task per call that waits in `receive`; that task cost a tenth of a whole call when measured, so the
connection tells the call itself. Any other ASGI server works too, by the task.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "headworks.connection"


class ConnectionProtocol(HttpToolsProtocol):
    """One client connection. `on_lost` is what to call when it closes; None while no call is under way."""

    on_lost: Callable[[], None] | None = None

    def on_message_begin(self) -> None:
        """A request begins: let its call find this connection."""
        super().on_message_begin()
        extensions: dict[str, Any] = {EXTENSION: self}  # ASGI leaves their values open
        self.scope["extensions"] = extensions

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: tell the call."""
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()


def connection_of(scope: Any) -> ConnectionProtocol | None:
    """The connection a request came over, when this protocol serves it."""
    extensions = scope.get("extensions")
    found = extensions.get(EXTENSION) if extensions else None
    return found if isinstance(found, ConnectionProtocol) else None
