"""Shapes of the OpenAI API, as checked types. Fields without a meaning here pass untouched.

Source: platform.openai.com/docs/api-reference (chat, completions, embeddings); compatible servers add
`reasoning_content` and `reasoning` (thinking text), `thinking_blocks` (signed thinking), `prompt_cache_hit_tokens`.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from headworks.core.messages import Target

ABSENT = Raw()
"""A field that was not sent. Heavy values (images, files) stay raw: they are passed on without being copied."""
Count = Annotated[int, Meta(ge=1)]
NonNegative = Annotated[int, Meta(ge=0)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
Name = Annotated[str, Meta(min_length=1)]


class Part(Struct):
    """One content part. `type` is open: an unknown part passes to a provider of this dialect."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: Raw = ABSENT
    input_audio: Raw = ABSENT
    file: Raw = ABSENT
    cache_control: dict[str, Any] | None = None


class CalledFunction(Struct):
    """Name and JSON arguments of a call."""

    name: str
    arguments: str = ""


class Call(Struct):
    """A tool call in the history."""

    id: str
    function: CalledFunction | None = None
    type: str = "function"
    extra_content: dict[str, Any] | None = None


class ChatMessage(Struct):
    """One message of a chat request."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None
    audio: dict[str, Any] | None = None


class Function(Struct):
    """A function tool."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ChatTool(Struct):
    """A tool; only `function` has a neutral meaning."""

    type: str
    function: Function | None = None


class NamedFunction(Struct):
    """The function a tool choice names."""

    name: Name


class NamedChoice(Struct):
    """A tool choice by name."""

    type: str
    function: NamedFunction | None = None


class JsonSchema(Struct):
    """A named schema for structured output."""

    name: str
    schema: dict[str, Any] | None = None
    strict: bool | None = None
    description: str | None = None


class ResponseFormat(Struct):
    """`text`, `json_object` or `json_schema`."""

    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(Struct):
    """Options of a stream."""

    include_usage: bool | None = None


class ChatBody(Struct):
    """A chat completion request."""

    model: Name
    messages: list[ChatMessage] = []
    """May be left out where the body names a prompt: see `dialects/body.py`."""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    response_format: ResponseFormat | None = None
    tools: list[ChatTool] | None = None
    tool_choice: str | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    service_tier: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    metadata: dict[str, Any] | None = None


class CompletionBody(Struct):
    """A legacy text completion request."""

    model: Name
    prompt: str | list[str | int | list[int]]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    user: str | None = None


class EmbeddingBody(Struct):
    """An embeddings request."""

    model: Name
    input: Name | Annotated[list[Name | int | list[int]], Meta(min_length=1)]
    dimensions: Count | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


class PromptDetails(Struct):
    """Shares of the prompt tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class CompletionDetails(Struct):
    """Shares of the completion tokens."""

    reasoning_tokens: int | None = None
    audio_tokens: int | None = None


class UsageBody(Struct):
    """Token counts of a reply. Of a prefix cache DeepSeek says `prompt_cache_hit_tokens`, Moonshot `cached_tokens`."""

    prompt_tokens: NonNegative | None = None
    completion_tokens: NonNegative | None = None
    total_tokens: NonNegative | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None


class DeltaFunction(Struct):
    """A fragment of a call."""

    name: str | None = None
    arguments: str | None = None


class DeltaCall(Struct):
    """A tool call, whole or a fragment of one; some servers leave `index` out."""

    index: int | None = None
    id: str | None = None
    function: DeltaFunction | None = None
    extra_content: dict[str, Any] | None = None


class Said(Struct):
    """What a choice says: a whole `message`, or the `delta` of a stream."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None
    tool_calls: list[DeltaCall] | None = None
    annotations: list[dict[str, Any]] | None = None


class Logprobs(Struct):
    """Token log-probabilities."""

    content: list[Any] | None = None


class Choice(Struct):
    """One choice of a chat reply or stream."""

    index: int | None = None
    message: Said | None = None
    delta: Said | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    usage: UsageBody | None = None
    """Moonshot's place for it in a stream (https://github.com/earendil-works/pi/issues/2017)."""


class ReplyBody(Struct):
    """A chat or text completion, or one chunk of its stream."""

    id: str | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: UsageBody | None = None
    service_tier: str | None = None
    error: Raw = ABSENT


class Vector(Struct):
    """One embedding."""

    embedding: list[float] | str
    index: int = 0


class EmbeddingReply(Struct):
    """An embeddings reply."""

    data: list[Vector]
    model: str | None = None
    usage: UsageBody | None = None


def limit_name(target: Target) -> str:
    """The field that says to the provider of `target` how long the answer to a chat may be.

    OpenAI's newer models refuse `max_tokens`; of other servers many know no other name.
    """
    return "max_completion_tokens" if "max_completion_tokens" in target.capabilities else "max_tokens"
