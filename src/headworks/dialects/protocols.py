"""What a dialect must be able to do, on the client's side and on the provider's."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.messages import Ask, Kind, Target
from headworks.core.replies import Chunk, Event, Reply


class Envelope(Struct, frozen=True, kw_only=True):
    """What the edge knows besides the body. Header names in lower case."""

    trace_id: str
    headers: Mapping[str, str]
    created: int
    """Unix seconds, for the `created` field of answers we write ourselves."""


class ReplyWriter(Protocol):
    """Writes one reply to one client. Holds the state of that stream; made anew for each call."""

    def whole(self, chunks: list[Chunk]) -> bytes:
        """The JSON body of an answer that is not streamed; the model name is the one the client asked for."""

    def step(self, chunk: Chunk) -> bytes:
        """The bytes to send for a chunk of a stream; empty when there is nothing to say yet."""

    def tail(self, facts: bytes) -> bytes:
        """The end of a stream: what was held back, then `: headworks {facts}`, then the dialect's end marker."""

    def failure(self, error: HeadworksError) -> bytes:
        """An error in the middle of a stream, as this dialect's SDKs understand it. Ends the stream."""


class Endpoint(Protocol):
    """One POST endpoint of a client dialect."""

    dialect: str
    kind: Kind

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Read and check a request body.

        Raises:
            BadAskError: Broken JSON, a wrong type or value; names the field and what was expected.
        """

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> ReplyWriter:
        """A writer for this call's answer."""


class WireRequest(Struct, frozen=True, kw_only=True):
    """A provider request: `path` is relative to the provider's base URL and may carry a query."""

    path: str
    body: bytes
    headers: dict[str, str] = {}
    dropped: tuple[str, ...] = ()


class StreamReader(Protocol):
    """Reads one provider stream. `event` is one server-sent event, complete, with its blank line."""

    def read(self, event: bytes) -> Chunk:
        """What the event means.

        Raises:
            ProviderError: The event reports an error, or is not what this dialect sends.
        """

    def finished(self) -> bool:
        """True once a finish reason was seen (for every choice): the stream may end here."""


class ProviderDialect(Protocol):
    """How to speak with a provider."""

    name: str

    def request(self, ask: Ask, target: Target) -> WireRequest:
        """The request for `ask`. The client's own fields are passed on when it speaks this dialect.

        Raises:
            BadAskError: A field without counterpart (`unsupported_field`), or a kind this dialect does not offer.
        """

    def read_whole(self, ask: Ask, body: bytes) -> list[Event]:
        """What a whole (not streamed) reply means.

        Raises:
            ProviderError: Not JSON, or not this dialect's shape.
        """

    def stream_reader(self, ask: Ask) -> StreamReader:
        """A reader for this call's stream."""

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """A provider's error answer as ours. Its sentence may be quoted (cut short), its body never."""
