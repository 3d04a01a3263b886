"""The words of the house on the way in: what a client asks, and what goes to a model.

An `Ask` keeps the client's own body (`fields`, each value the bytes as sent) beside the neutral `Prompt`, which is read
from it only when someone needs it. A provider of the client's dialect is sent the fields; any other is sent the prompt
written in its dialect. So tomorrow's parameter works today, and a translation is paid for only where there is one.
The way back is in `core/replies.py`.
"""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Raw, Struct, field

from headworks.core.caching import ON_REQUEST, Caching
from headworks.core.degrading import Rung
from headworks.core.limits import Limit
from headworks.core.policy import USUAL, Policy

Role = Literal["system", "user", "assistant", "tool"]
Kind = Literal["chat", "completion", "embedding", "count"]
OURSELVES = "headworks"
"""The gateway itself: as the key of calls that it makes, and as the provider of answers that it gives."""
CacheWish = Literal["on", "off", "refresh"]


class Citation(Struct, frozen=True, kw_only=True):
    """Where a piece of an answer comes from. `wire` keeps the provider's own object for a client of its dialect."""

    title: str | None = None
    url: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    wire: dict[str, Any] | None = None


class Text(Struct, frozen=True, tag=True):
    """Plain text. `cache_mark` is a client's own prefix-cache mark (Anthropic `cache_control`), kept as sent."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache_mark: dict[str, Any] | None = None


class Image(Struct, frozen=True, tag=True, kw_only=True):
    """A picture: base64 `data` with `media_type`, or a `url`, or a provider's `file_id`."""

    data: str | None = None
    media_type: str | None = None
    url: str | None = None
    file_id: str | None = None
    detail: str | None = None
    cache_mark: dict[str, Any] | None = None


class Audio(Struct, frozen=True, tag=True):
    """Sound: base64 `data`, `format` as in OpenAI (`wav`, `mp3`, ...)."""

    data: str
    format: str


class Document(Struct, frozen=True, tag=True, kw_only=True):
    """A file to read: base64 `data` with `media_type`, plain `text`, a `url`, or a provider's `file_id`."""

    data: str | None = None
    media_type: str | None = None
    text: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    context: str | None = None
    citations: bool = False
    cache_mark: dict[str, Any] | None = None


class Thinking(Struct, frozen=True, tag=True):
    """A reasoning block. `signature` proves to its provider that the text is unchanged; `redacted` is its sealed form.

    A redacted block has no text.
    """

    text: str
    signature: str | None = None
    redacted: str | None = None


class ToolCall(Struct, frozen=True, tag=True):
    """The model asks for a tool. `arguments` is JSON text, exactly as the model wrote it.

    `signature` is a provider's proof that belongs to the call (Gemini `thoughtSignature`).
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None
    cache_mark: dict[str, Any] | None = None


class ToolResult(Struct, frozen=True, tag=True):
    """What a tool answered to the call `call_id`."""

    call_id: str
    parts: "tuple[Text | Image | Document, ...]"
    is_error: bool = False
    name: str | None = None
    cache_mark: dict[str, Any] | None = None


class Refusal(Struct, frozen=True, tag=True):
    """The model's own words for declining."""

    text: str


Part = Text | Image | Audio | Document | Thinking | ToolCall | ToolResult | Refusal


class Message(Struct, frozen=True):
    """One turn. Tool results stand in messages of role `tool`; system and developer text in role `system`."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(Struct, frozen=True, kw_only=True):
    """A function the model may call; `parameters` is its JSON Schema."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    cache_mark: dict[str, Any] | None = None


class ToolChoice(Struct, frozen=True):
    """`auto`, `none`, `required` (any tool), or `tool` with its `name`."""

    mode: Literal["auto", "none", "required", "tool"]
    name: str | None = None


class OutputFormat(Struct, frozen=True, kw_only=True):
    """`json` (any JSON object) or `json_schema` with the schema."""

    mode: Literal["json", "json_schema"]
    name: str | None = None
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class Reasoning(Struct, frozen=True, kw_only=True):
    """How much a model may think: `effort` by word, `budget_tokens` by number, `enabled` False to switch it off."""

    enabled: bool = True
    effort: str | None = None
    budget_tokens: int | None = None


class Prompt(Struct, frozen=True, kw_only=True):
    """A prompt ready to send, in no provider's words.

    `extra` holds the top-level fields of the client's dialect that have no neutral meaning (unknown ones too), by their
    outward name. A writer of another dialect must refuse or drop each of them, never skip one silently.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: OutputFormat | None = None
    reasoning: Reasoning | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    service_tier: str | None = None
    user: str | None = None
    inputs: tuple[str, ...] = ()
    """Texts to embed; only for kind `embedding`, whose `messages` are empty."""
    dimensions: int | None = None
    """Length of embedding vectors; None for the model's own."""
    extra: dict[str, Any] = {}


class Caller(Struct, frozen=True, kw_only=True):
    """Who calls: what the virtual key says. Empty `models` or `features` means all; `limits` are the key's own.

    `counted_as` is the id under which they are counted: that of the first of keys that replaced each other.
    """

    key_id: str
    key_name: str
    org_id: str
    user_id: str | None = None
    team_id: str | None = None
    models: frozenset[str] = frozenset()
    features: frozenset[str] = frozenset()
    limits: tuple[Limit, ...] = ()
    counted_as: str | None = None


class Ask(Struct, kw_only=True):
    """What a client wants, as it said it.

    Attributes:
        trace_id: Id of the call, made at the edge.
        dialect: `openai` or `anthropic`: how the client speaks and wants to be answered.
        kind: What is asked for.
        model: The name the client sent.
        fields: Top level of the body in the client's order; values are the bytes as sent.
        read_prompt: Reads the neutral prompt from the body; raises BadAskError. Use `prompt`.
        stream: True when the client wants server-sent events.
        feature: Feature named by header, None when none was.
        user_id: End user (header, else body, else the key's user).
        headers: Dialect headers to pass on to a provider of the same dialect (`anthropic-beta`, ...), lower case.
        deadline_s: When the client stops waiting for the whole answer, monotonic clock; None when it did not say.
        begin_by_s: When it stops waiting for a stream to begin, monotonic clock; None when it did not say.
        org_id: The organisation of the caller's key, for fairness between them.
        cache: What the call says of the cache: as the feature has it, `on`, not at all (`off`), or not to look but to
            keep the answer (`refresh`); None when it says nothing.
        client_retries: How often the client's SDK has sent this request before.
        outlives_client: True when the answer is to be finished and kept although its client has left. Set once the
            route is known.
        way: 0 on the way that the route plans; else the number of the rung of the feature's ladder that is tried.
        followed: True while other calls read the answer to this one: it is then finished although its client has left.
    """

    trace_id: str
    dialect: str
    kind: Kind
    model: str
    fields: dict[str, Raw]
    read_prompt: Callable[[], Prompt]
    stream: bool = False
    feature: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    deadline_s: float | None = None
    begin_by_s: float | None = None
    org_id: str | None = None
    cache: CacheWish | None = None
    client_retries: int = 0
    outlives_client: bool = False
    followed: bool = False
    way: int = 0
    _prompt: Prompt | None = None

    @property
    def prompt(self) -> Prompt:
        """The neutral prompt, read once."""
        if self._prompt is None:
            self._prompt = self.read_prompt()
        return self._prompt


class Target(Struct, frozen=True, kw_only=True):
    """One model at one provider. `name` is what clients call it, `provider_model` what the provider does.

    `unsupported` says what to do with a field the provider's dialect lacks: `refuse` (400) or `drop` (and say so).
    `prices` are the config's own; None asks the price library. `expensive` targets answer only where somebody has said
    so. `capabilities` are the provider's, as in `providers/link.py`.
    """

    name: str
    provider: str
    provider_model: str
    dialect: str
    unsupported: Literal["refuse", "drop"] = "refuse"
    prices: "Prices | None" = None
    context_tokens: int | None = None
    max_output_tokens: int | None = None
    expensive: bool = False
    capabilities: frozenset[str] = frozenset({"chat", "completion", "embedding", "stream_usage"})

    def offers(self, kind: Kind) -> bool:
        """Whether the provider takes asks of this kind. A completion can also be asked for as a chat."""
        return kind in self.capabilities or (kind == "completion" and "chat" in self.capabilities)


class Prices(Struct, frozen=True, kw_only=True):
    """Nano-dollars per token (dollars per million tokens x 1000), a config's own. None means as `input` or `output`.

    But of `cache_storage_hour`, for a token that is kept by name and an hour, None means that the config does not say.
    """

    input: int
    output: int
    cached: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    cache_storage_hour: int | None = None


class Versions(Struct, frozen=True, kw_only=True):
    """Of what stands behind an answer besides the model; empty text where there is none.

    Attributes:
        prompt: `name@version` of the prompt.
        corpus: Of the documents that are searched.
        safety: Of the safety policy.
    """

    prompt: str = ""
    corpus: str = ""
    safety: str = ""


class Route(Struct, frozen=True, kw_only=True):
    """The plan for a call: targets in the order they are tried (the first is the choice, the rest are fallbacks).

    `max_tokens` is the longest answer that the feature allows, `prompt` the prompt that it is built with (`name`,
    or `name@version`), `flag` the flag that says whether the feature is on for a caller, `ladder` what answers when no
    target does.
    """

    feature: str
    query_type: str
    targets: tuple[Target, ...]
    capture: Literal["none", "bodies"] = "none"
    policy: Policy = USUAL
    caching: Caching = ON_REQUEST
    max_tokens: int | None = None
    versions: Versions = Versions()
    prompt: str | None = None
    flag: str | None = None
    ladder: tuple[Rung, ...] = ()
