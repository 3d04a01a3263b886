"""What a dialect must be able to do, on the client's side and on the provider's."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from headworks.core.errors import HeadworksError, ProviderError
from headworks.core.messages import Ask, Kind, Target
from headworks.core.prefix import Marks, Order, Reference
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
    """A provider request: `path` is relative to the provider's base URL and may carry a query.

    `reference` is what it names of what the provider keeps, `order` what is to be sent besides so that more is kept.
    """

    path: str
    body: bytes
    headers: dict[str, str] = {}
    dropped: tuple[str, ...] = ()
    reference: Reference | None = None
    order: Order | None = None


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

    def request(self, ask: Ask, target: Target, marks: Marks | None = None) -> WireRequest:
        """The request for `ask`. The client's own fields are passed on when it speaks this dialect.

        Args:
            ask: What is asked.
            target: Whom.
            marks: What is to be said of its prefix; only for a chat.

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


class Turn(Struct, frozen=True):
    """One message of an ask, in the client's own bytes.

    Attributes:
        role: As the client wrote it.
        raw: The message as JSON.
        call_ids: Tool calls made in it.
        result_ids: Calls whose results it holds. A result must never be sent without its call, nor a call without its
            result.
    """

    role: str
    raw: bytes
    call_ids: tuple[str, ...] = ()
    result_ids: tuple[str, ...] = ()


class AskEditor(Protocol):
    """Changes an ask without its changer knowing how the client speaks.

    Nothing is changed in place. What is not mentioned stays as sent, to the byte; the neutral prompt of a changed ask
    is read from the changed fields.
    """

    def continued(self, ask: Ask, text: str, request: str | None) -> Ask:
        """`ask` with `text` as what the assistant has said so far, and `request` as the user turn after it.

        Without `request` the model is to go on where `text` ends (prefill). White space at the end of `text` is left
        off then: some providers refuse it. A text completion goes on by itself and takes no request.

        Raises:
            BadAskError: This ask cannot be gone on with.
        """

    def limited(self, ask: Ask, max_tokens: int, target: Target) -> Ask:
        """`ask` with an answer of at most `max_tokens` tokens; never more than the client wants.

        Where the client does not say how long an answer may be, that is said in the words that `target` wants.
        """

    def defaulted(self, ask: Ask, fields: Mapping[str, bytes]) -> Ask:
        """`ask` with fields (JSON) that it does not say itself. Those it says stay as they are."""

    def max_tokens(self, ask: Ask) -> int | None:
        """The longest answer the client wants, in tokens; None when it does not say."""

    def expects_json(self, ask: Ask) -> bool:
        """Whether the answer has to be JSON as a whole."""

    def choices(self, ask: Ask) -> int:
        """How many answers at once are asked for."""

    def wants_reasoning(self, ask: Ask) -> bool:
        """Whether the client asks for reasoning in so many words. Cheap: looks at names of fields, and little more."""

    def plain(self, ask: Ask) -> bool:
        """Whether the neutral prompt says all that the client's fields say: then equal prompts are equal asks."""

    def turns(self, ask: Ask) -> list[Turn]:
        """The messages in order; none for an ask that is no chat."""

    def with_turns(self, ask: Ask, turns: Sequence[Turn]) -> Ask:
        """`ask` with other messages.

        Raises:
            BadAskError: It is no chat.
        """

    def user_turn(self, text: str) -> Turn:
        """A message of the user."""

    def aside(self, ask: Ask, turns: Sequence[Turn], max_tokens: int, target: Target) -> Ask:
        """A chat of its own with `target`: these messages and nothing else, no tools, not streamed."""
