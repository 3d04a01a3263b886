"""The words of the house on the way back: tokens used, what happened, and the stream that carries it.

Replies are streams of `Chunk`. A chunk holds the provider's own bytes (`raw`) and what they mean (`events`); the server
forwards the bytes when the client speaks that dialect and writes the events otherwise. A reply that is not streamed
is one chunk. A room that changes events sets `raw` to None, and the chunk is written anew.
"""

from collections.abc import AsyncIterator
from typing import Any, Literal

from msgspec import Struct

from headworks.core.messages import Citation, Target

FinishReason = Literal["stop", "stop_sequence", "length", "tool_calls", "content_filter", "refusal", "pause"]


class Usage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one call in one convention, whatever the provider's.

    `input_tokens` is everything the model read: plain, cached and cache-written. `output_tokens` is everything it
    wrote, reasoning included. The other token counts are shares of those two and are never added on top. Providers
    differ (OpenAI counts cached tokens inside the prompt, Anthropic beside it); dialects convert on reading, and back
    on writing.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_input_tokens: int = 0
    cached_audio_tokens: int | None = None
    """Of the sound, what was cached; None where the provider does not say. The same holds for pictures."""
    cached_image_tokens: int | None = None
    web_searches: int = 0
    service_tier: str | None = None
    estimated: bool = False
    """True when the provider did not say and we counted ourselves (a stream cut short)."""

    @property
    def total_tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    @property
    def cache_write_tokens(self) -> int:
        """Tokens written to the provider's prefix cache, all lifetimes."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens


class Started(Struct, frozen=True, tag=True):
    """The reply begins. `id` is the provider's id for it, `model` the exact model that answers."""

    id: str
    model: str


class TextDelta(Struct, frozen=True, tag=True):
    """More text of choice `choice`."""

    text: str
    choice: int = 0


class ThinkingDelta(Struct, frozen=True, tag=True):
    """More reasoning text."""

    text: str
    choice: int = 0


class ThinkingSealed(Struct, frozen=True, tag=True, kw_only=True):
    """Ends a reasoning block with its signature, or is a whole redacted block."""

    signature: str | None = None
    redacted: str | None = None
    choice: int = 0


class RefusalDelta(Struct, frozen=True, tag=True):
    """More of the model's refusal."""

    text: str
    choice: int = 0


class ToolCallStarted(Struct, frozen=True, tag=True, kw_only=True):
    """A tool call begins. `slot` numbers the calls of one choice from 0; arguments follow under the same slot."""

    slot: int
    id: str
    name: str
    signature: str | None = None
    choice: int = 0


class ToolArgumentsDelta(Struct, frozen=True, tag=True):
    """A fragment of the JSON arguments of call `slot`, as the model wrote it."""

    slot: int
    fragment: str
    choice: int = 0


class CitationAdded(Struct, frozen=True, tag=True):
    """A source for the text just sent."""

    citation: Citation
    choice: int = 0


class LogprobsDelta(Struct, frozen=True, tag=True):
    """Token log-probabilities in OpenAI's `content[]` shape."""

    content: list[Any]
    choice: int = 0


class Finished(Struct, frozen=True, tag=True):
    """Choice `choice` is complete, and why. `stop_sequence` is the text that stopped it, where the provider says."""

    reason: FinishReason
    choice: int = 0
    stop_sequence: str | None = None


class UsageReported(Struct, frozen=True, tag=True):
    """The provider's count so far; a later one replaces an earlier one."""

    usage: Usage


class Embedded(Struct, frozen=True, tag=True):
    """Vectors in the order of the inputs: float lists, or base64 text where the client asked for that."""

    vectors: list[list[float] | str]


class TokensCounted(Struct, frozen=True, tag=True):
    """Answer to a `count` ask. `exact` is False for an estimate."""

    input_tokens: int
    exact: bool = True


class Resumed(Struct, frozen=True, tag=True, kw_only=True):
    """A seam: the stream broke off, and from here on another attempt says the rest.

    `attempt` counts provider calls from 1, `mode` says how the rest was asked for, `model` is a model name of the
    config. Written as a comment line into streams (`: headworks-seam {...}`), and left out of whole replies.
    """

    attempt: int
    mode: Literal["prefill", "continue", "restart"]
    model: str


Event = (
    Started
    | TextDelta
    | ThinkingDelta
    | ThinkingSealed
    | RefusalDelta
    | ToolCallStarted
    | ToolArgumentsDelta
    | CitationAdded
    | LogprobsDelta
    | Finished
    | UsageReported
    | Embedded
    | TokensCounted
    | Resumed
)


class Chunk(Struct):
    """One step of a reply.

    Attributes:
        events: What happened, in order. Empty for a keep-alive or for bytes without neutral meaning.
        raw: The provider's bytes: one server-sent event (blank line included) of a stream, the body of a whole reply.
            None when the chunk was made or changed here and must be written from `events`.
        last: True for the provider's own end marker, which is held back until the call is on record.
        more: True when the next chunk came with the same read, so both may be sent on together.
        heard: The provider's own events where `events` are others: what of them was delivered already is left out, and
            usage is told for the whole answer. None where both are the same.
    """

    events: list[Event]
    raw: bytes | None = None
    last: bool = False
    more: bool = False
    heard: list[Event] | None = None


class Reply(Struct, kw_only=True):
    """An answer under way. `chunks` is read once, by one reader, inside the pipeline's `async with`.

    Attributes:
        target: The model that answers.
        streamed: True when the provider streams: each chunk's `raw` is one event. Else the one chunk is the body.
        dropped: Request fields left out because the provider lacks them (`unsupported: drop`).
    """

    target: Target
    streamed: bool
    chunks: AsyncIterator[Chunk]
    dropped: tuple[str, ...] = ()
