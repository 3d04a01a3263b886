"""Provider side, on the way out: a request body in the OpenAI dialect."""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import (
    Ask,
    Audio,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Refusal,
    Target,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from headworks.core.prefix import Marks
from headworks.core.replies import Event
from headworks.dialects.arranging import arranged
from headworks.dialects.gaps import Gaps
from headworks.dialects.openai import reading
from headworks.dialects.openai.errors import read_error
from headworks.dialects.openai.wire import limit_name
from headworks.dialects.protocols import StreamReader, WireRequest

_PATHS = {"chat": "/chat/completions", "completion": "/completions", "embedding": "/embeddings"}
_USAGE_ON = Raw(b'{"include_usage":true}')


class OpenAIDialect:
    """Speaks to every provider with an OpenAI-compatible API."""

    name = "openai"

    def request(self, ask: Ask, target: Target, marks: Marks | None = None) -> WireRequest:
        """Pass the client's fields through when it speaks this dialect; else write the prompt."""
        kind = ask.kind
        if kind == "completion" and "completion" not in target.capabilities:
            kind = "chat"
        path = _PATHS.get(kind)
        if path is None:
            raise BadAskError(f"The provider of `{target.name}` cannot count tokens.", code="unsupported_field")
        if ask.dialect == self.name and kind == ask.kind:
            return WireRequest(path=path, body=_passed_through(ask, target, marks))
        gaps = Gaps("OpenAI", target)
        prompt = ask.prompt if marks is None else arranged(ask.prompt)
        body = _embedding(prompt, gaps) if kind == "embedding" else _chat(prompt, target, gaps)
        if marks is not None and marks.key is not None:
            body["prompt_cache_key"] = marks.key
        body["model"] = target.provider_model
        if ask.stream:
            body["stream"] = True
            if "stream_usage" in target.capabilities:
                body["stream_options"] = {"include_usage": True}
        return WireRequest(path=path, body=msgspec.json.encode(body), dropped=gaps.names)

    def read_whole(self, ask: Ask, body: bytes) -> list[Event]:
        """Events of a whole reply."""
        return reading.read_whole(ask, body)

    def stream_reader(self, ask: Ask) -> StreamReader:
        """A reader for one stream."""
        return reading.OpenAIStream()

    def read_error(self, status: int, headers: Any, body: bytes) -> ProviderError:
        """A provider's error answer as ours."""
        return read_error(status, headers, body)


def _passed_through(ask: Ask, target: Target, marks: Marks | None) -> bytes:
    """The client's own fields; the gateway sets the model, asks for usage at the end of a stream, and marks the prefix.

    Where the tools of a long prompt come in another order than by name, they are put in it.
    """
    fields: dict[str, Raw] = dict(ask.fields)
    fields["model"] = Raw(msgspec.json.encode(target.provider_model))
    if ask.stream and "stream_usage" in target.capabilities:
        fields["stream_options"] = _with_usage(ask.fields.get("stream_options"))
    if marks is not None:
        if marks.sorted_tools is not None:
            fields["tools"] = Raw(marks.sorted_tools)
        if marks.key is not None:
            fields["prompt_cache_key"] = Raw(msgspec.json.encode(marks.key))
    return msgspec.json.encode(fields)


def _with_usage(options: Raw | None) -> Raw:
    if options is None or bytes(options) == b"null":
        return _USAGE_ON
    return Raw(msgspec.json.encode(msgspec.json.decode(options) | {"include_usage": True}))


def _embedding(prompt: Prompt, gaps: Gaps) -> dict[str, Any]:
    for name in prompt.extra:
        gaps.lacks(name)
    body: dict[str, Any] = {"input": list(prompt.inputs)}
    return body | _present(dimensions=prompt.dimensions, user=prompt.user)


def _chat(prompt: Prompt, target: Target, gaps: Gaps) -> dict[str, Any]:
    for name in prompt.extra:
        gaps.lacks(name)
    if prompt.top_k is not None:
        gaps.lacks("top_k")
    if prompt.reasoning is not None and _effort(prompt) is None:
        gaps.hint("thinking")  # off, or as much as the model likes: what its provider does unasked
    messages: list[dict[str, Any]] = []
    for place, message in enumerate(prompt.messages):
        messages += _message(message, f"messages[{place}]", gaps)
    body: dict[str, Any] = {"messages": messages}
    body |= _present(
        temperature=prompt.temperature,
        top_p=prompt.top_p,
        stop=list(prompt.stop) or None,
        seed=prompt.seed,
        n=prompt.n,
        logprobs=prompt.logprobs,
        top_logprobs=prompt.top_logprobs,
        presence_penalty=prompt.presence_penalty,
        frequency_penalty=prompt.frequency_penalty,
        service_tier=prompt.service_tier,
        reasoning_effort=_effort(prompt),
        response_format=_response_format(prompt),
        tools=[_tool(tool, place, gaps) for place, tool in enumerate(prompt.tools)] or None,
        tool_choice=_tool_choice(prompt),
        parallel_tool_calls=prompt.parallel_tools if prompt.tools else None,
    )
    if prompt.max_tokens is not None:
        body[limit_name(target)] = prompt.max_tokens
    return body | _present(user=prompt.user)


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _effort(prompt: Prompt) -> str | None:
    """Effort by word. A budget in tokens becomes the nearest word: up to 4,096 low, up to 16,384 medium, above high."""
    reasoning = prompt.reasoning
    if reasoning is None or not reasoning.enabled:
        return None
    if reasoning.effort is None and reasoning.budget_tokens is not None:
        return "low" if reasoning.budget_tokens <= 4096 else "medium" if reasoning.budget_tokens <= 16384 else "high"
    return reasoning.effort


def _response_format(prompt: Prompt) -> dict[str, Any] | None:
    output = prompt.output
    if output is None:
        return None
    if output.mode == "json":
        return {"type": "json_object"}
    schema = _present(
        name=output.name or "answer", schema=output.schema, strict=output.strict, description=output.description
    )
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: Tool, place: int, gaps: Gaps) -> dict[str, Any]:
    if tool.cache_mark:
        gaps.hint(f"tools[{place}].cache_control")
    function = _present(description=tool.description, parameters=tool.parameters, strict=tool.strict)
    return {"type": "function", "function": {"name": tool.name} | function}


def _tool_choice(prompt: Prompt) -> str | dict[str, Any] | None:
    choice = prompt.tool_choice
    if choice is None:
        return None
    if choice.mode == "tool":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _message(message: Message, where: str, gaps: Gaps) -> list[dict[str, Any]]:
    """One neutral message as OpenAI messages: each tool result becomes a message of its own, ahead of other parts."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    rest = tuple(part for part in message.parts if not isinstance(part, ToolResult))
    written = [_tool_message(result, where, gaps) for result in results]
    if rest or not results:
        written.append(
            _assistant(rest, where, gaps) if message.role == "assistant" else _said(message, rest, where, gaps)
        )
    return written


def _said(message: Message, parts: tuple[Part, ...], where: str, gaps: Gaps) -> dict[str, Any]:
    role = "user" if message.role == "tool" else message.role
    return {"role": role, "content": _content(parts, where, gaps)} | _present(name=message.name)


def _assistant(parts: tuple[Part, ...], where: str, gaps: Gaps) -> dict[str, Any]:
    calls = [part for part in parts if isinstance(part, ToolCall)]
    if any(call.cache_mark for call in calls):
        gaps.hint(f"{where}.tool_use.cache_control")
    if any(call.signature for call in calls):
        gaps.hint(f"{where}.tool_use.signature")  # a proof for the provider that made the call; no other can read it
    refusals = [part.text for part in parts if isinstance(part, Refusal)]
    if any(isinstance(part, Thinking) for part in parts):
        gaps.hint(f"{where}.thinking")  # sealed for the provider that wrote it; no other can read it
    rest = tuple(part for part in parts if not isinstance(part, ToolCall | Refusal | Thinking))
    body: dict[str, Any] = {"role": "assistant", "content": _content(rest, where, gaps) if rest else None}
    if refusals:
        body["refusal"] = "".join(refusals)
    if calls:
        body["tool_calls"] = [_call(call) for call in calls]
    return body


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }


def _tool_message(result: ToolResult, where: str, gaps: Gaps) -> dict[str, Any]:
    if result.is_error:
        gaps.hint(f"{where}.is_error")  # the result's own text says so too
    if result.cache_mark:
        gaps.hint(f"{where}.tool_result.cache_control")
    texts = [part.text for part in result.parts if isinstance(part, Text)]
    if len(texts) < len(result.parts):
        gaps.lacks(f"{where}.content (an image or document in a tool result)")
    return {"role": "tool", "tool_call_id": result.call_id, "content": "\n".join(texts)}


def _content(parts: tuple[Part, ...], where: str, gaps: Gaps) -> str | list[dict[str, Any]]:
    for place, part in enumerate(parts):
        if getattr(part, "cache_mark", None):
            gaps.hint(f"{where}.content[{place}].cache_control")
        if isinstance(part, Text) and part.citations:
            gaps.hint(f"{where}.content[{place}].citations")
        if isinstance(part, Document):
            _document_gaps(part, f"{where}.content[{place}]", gaps)
    if all(isinstance(part, Text) for part in parts) and len(parts) <= 1:
        return "".join(part.text for part in parts if isinstance(part, Text))
    written = (_part(part, f"{where}.content[{place}]", gaps) for place, part in enumerate(parts))
    return [part for part in written if part is not None]


def _document_gaps(part: Document, where: str, gaps: Gaps) -> None:
    if part.context is not None:
        gaps.lacks(f"{where}.context")
    if part.citations:
        gaps.lacks(f"{where}.citations")


def _part(part: Part, where: str, gaps: Gaps) -> dict[str, Any] | None:
    match part:
        case Text():
            return {"type": "text", "text": part.text}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Image() if part.data or part.url:
            url = part.url or f"data:{part.media_type or 'image/png'};base64,{part.data}"
            return {"type": "image_url", "image_url": {"url": url} | _present(detail=part.detail)}
        case Audio():
            return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
        case Document() if part.text is not None:
            return {"type": "text", "text": f"{part.name}\n\n{part.text}" if part.name else part.text}
        case Document() if part.data:
            data = f"data:{part.media_type or 'application/pdf'};base64,{part.data}"
            return {"type": "file", "file": {"file_data": data, "filename": part.name or "document.pdf"}}
        case _:
            gaps.lacks(f"{where} (a {type(part).__name__.lower()} by reference)")
            return None
