"""Client side of `POST /v1/chat/completions`: from the body to an `Ask`, and lazily to the neutral `Prompt`."""

import re
from typing import Any, Literal

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError
from headworks.core.messages import (
    Ask,
    Audio,
    Document,
    Image,
    Kind,
    Message,
    OutputFormat,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from headworks.core.replies import Reply
from headworks.dialects.body import NO_MESSAGES, BodyReader, check_prompt_named
from headworks.dialects.openai import wire
from headworks.dialects.openai.writer import ChatWriter
from headworks.dialects.protocols import Envelope, ReplyWriter

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,", re.ASCII)
_MODES: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "required": "required"}
_READER = BodyReader(wire.ChatBody)

# Fields that carry no instruction to a model: consumed here, or mapped to the neutral prompt below.
_MESSAGE_FIELDS = frozenset(wire.ChatMessage.__struct_fields__) | {"annotations"}
_PART_FIELDS = frozenset(wire.Part.__struct_fields__)
_KNOWN = frozenset(wire.ChatBody.__struct_fields__) | {"store"}


class Chat:
    """`POST /v1/chat/completions`."""

    dialect = "openai"
    kind: Kind = "chat"

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Check a chat request."""
        fields, checked = _READER.read(body)
        if not checked.messages:
            check_prompt_named(fields)
        check_messages(checked.messages)
        return Ask(
            trace_id=envelope.trace_id,
            dialect=self.dialect,
            kind=self.kind,
            model=checked.model,
            fields=fields,
            read_prompt=lambda: read_prompt(checked, fields),
            stream=bool(checked.stream),
            user_id=end_user(checked.user, checked.safety_identifier, checked.metadata),
        )

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> ReplyWriter:
        """Writer of chat completions and their chunks."""
        return ChatWriter(ask, reply, envelope)


def end_user(user: str | None, safety_identifier: str | None, metadata: dict[str, Any] | None) -> str | None:
    """The end user a body names, by the order of INTERFACE: `user`, `safety_identifier`, `metadata.user_id`."""
    if user or safety_identifier:
        return user or safety_identifier
    named = metadata.get("user_id") if metadata else None
    return named if isinstance(named, str) and named else None


def check_messages(messages: list[wire.ChatMessage]) -> None:
    """What types alone cannot say: each message has something to say, tool results name their call."""
    for place, message in enumerate(messages):
        if message.role == "tool" and not message.tool_call_id:
            name = f"messages[{place}].tool_call_id"
            raise BadAskError(f"`{name}` is missing: a tool message answers a call by its id.", param=name)
        if message.content is None and message.role in ("system", "developer", "user", "tool"):
            name = f"messages[{place}].content"
            raise BadAskError(f"`{name}` is missing or null; send a string or a list of content parts.", param=name)


def read_fields(fields: dict[str, Raw]) -> Prompt:
    """The neutral prompt of a chat by its fields alone, as after a change of them.

    Raises:
        BadAskError: They are no chat request, or hold what has no neutral meaning.
    """
    return read_prompt(_READER.read(msgspec.json.encode(fields))[1], fields)


def read_prompt(body: wire.ChatBody, fields: dict[str, Raw]) -> Prompt:
    """The neutral prompt of a checked chat request."""
    extra = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name not in _KNOWN}
    extra = {name: value for name, value in extra.items() if value is not None}
    if msgspec.json.decode(fields.get("store", b"null")):
        extra["store"] = True
    if body.metadata and set(body.metadata) - {"user_id"}:
        extra["metadata"] = body.metadata
    tools = body.tools or []
    extra |= {f"tools[{i}].type={tool.type}": True for i, tool in enumerate(tools) if tool.function is None}
    extra |= _unknown_in_messages(fields.get("messages", NO_MESSAGES))
    return Prompt(
        messages=tuple(_message(place, message) for place, message in enumerate(body.messages)),
        tools=tuple(_tool(tool.function) for tool in tools if tool.function is not None),
        tool_choice=_tool_choice(body.tool_choice),
        parallel_tools=body.parallel_tool_calls,
        output=_output(body.response_format),
        reasoning=Reasoning(effort=body.reasoning_effort, enabled=body.reasoning_effort != "none")
        if body.reasoning_effort
        else None,
        max_tokens=body.max_completion_tokens or body.max_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        stop=(body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ()),
        seed=body.seed,
        n=body.n,
        logprobs=body.logprobs,
        top_logprobs=body.top_logprobs,
        presence_penalty=body.presence_penalty,
        frequency_penalty=body.frequency_penalty,
        service_tier=body.service_tier,
        user=end_user(body.user, body.safety_identifier, body.metadata),
        extra=extra,
    )


def _unknown_in_messages(raw: Raw) -> dict[str, Any]:
    """Fields inside messages and parts that nobody here knows, by their place: another dialect must refuse them."""
    found: dict[str, Any] = {}
    for place, message in enumerate(msgspec.json.decode(raw)):
        found |= _unknown(message, _MESSAGE_FIELDS, f"messages[{place}]")
        parts = message.get("content")
        for number, part in enumerate(parts if isinstance(parts, list) else ()):
            found |= _unknown(part, _PART_FIELDS, f"messages[{place}].content[{number}]")
    return found


def _unknown(value: dict[str, Any], known: frozenset[str], where: str) -> dict[str, Any]:
    return {f"{where}.{name}": given for name, given in value.items() if name not in known and given is not None}


def _message(place: int, message: wire.ChatMessage) -> Message:
    where = f"messages[{place}]"
    if message.role == "function" or message.audio:
        name = f"{where}.audio" if message.audio else f"{where}.role"
        raise BadAskError(
            f"`{name}` cannot be translated for the provider of this model; use tool messages and text.",
            code="unsupported_field",
            param=name,
        )
    parts = _content(message.content, f"{where}.content")
    if message.role == "tool":
        kept = tuple(part for part in parts if isinstance(part, Text | Image | Document))
        return Message("tool", (ToolResult(message.tool_call_id or "", kept, name=message.name),))
    if message.role == "assistant":
        parts = (
            *_thinking(message, where),
            *parts,
            *_refusal(message),
            *(_call(call, where) for call in message.tool_calls or ()),
        )
    role = "system" if message.role == "developer" else message.role
    return Message(role, parts, message.name)


def _thinking(message: wire.ChatMessage, where: str) -> tuple[Part, ...]:
    if message.thinking_blocks:
        places = [f"{where}.thinking_blocks[{place}]" for place in range(len(message.thinking_blocks))]
        return tuple(
            Thinking(
                _words(block, "thinking", place) or "", _words(block, "signature", place), _words(block, "data", place)
            )
            for block, place in zip(message.thinking_blocks, places, strict=True)
        )
    return (Thinking(message.reasoning_content),) if message.reasoning_content else ()


def _refusal(message: wire.ChatMessage) -> tuple[Part, ...]:
    return (Refusal(message.refusal),) if message.refusal else ()


def _call(call: wire.Call, where: str) -> ToolCall:
    if call.function is None:
        name = f"{where}.tool_calls"
        raise BadAskError(f"`{name}`: only function calls can be translated.", code="unsupported_field", param=name)
    google = (call.extra_content or {}).get("google")
    place = f"{where}.tool_calls.extra_content.google"
    signature = _words(google, "thought_signature", place) if isinstance(google, dict) else None
    return ToolCall(call.id, call.function.name, call.function.arguments, signature)


def _content(content: str | list[wire.Part] | None, where: str) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_part(part, f"{where}[{place}]") for place, part in enumerate(content))


def _part(part: wire.Part, where: str) -> Part:
    if part.type == "text" and part.text is not None:
        return Text(part.text, cache_mark=part.cache_control)
    if part.type == "refusal" and part.refusal is not None:
        return Refusal(part.refusal)
    if part.type == "image_url":
        return _image(_object(part.image_url, f"{where}.image_url"), f"{where}.image_url")
    if part.type == "input_audio":
        audio = _object(part.input_audio, f"{where}.input_audio")
        return Audio(_string(audio, "data", where), _string(audio, "format", where))
    if part.type == "file":
        return _file(_object(part.file, f"{where}.file"), f"{where}.file")
    raise BadAskError(
        f"`{where}`: a content part of type `{part.type}` cannot be translated for the provider of this model.",
        code="unsupported_field",
        param=where,
    )


def _object(raw: Raw, where: str) -> dict[str, Any]:
    value = None if raw == wire.ABSENT else msgspec.json.decode(raw)
    if not isinstance(value, dict):
        raise BadAskError(f"`{where}`: expected an object.", param=where)
    return value


def _words(value: dict[str, Any], name: str, where: str) -> str | None:
    """A string that may be missing."""
    text = value.get(name)
    if text is not None and not isinstance(text, str):
        raise BadAskError(f"`{where}.{name}`: expected a string.", param=f"{where}.{name}")
    return text


def _string(value: dict[str, Any], name: str, where: str) -> str:
    text = _words(value, name, where)
    if not text:
        raise BadAskError(f"`{where}.{name}`: expected a string.", param=f"{where}.{name}")
    return text


def _image(value: dict[str, Any], where: str) -> Image:
    url = _string(value, "url", where)
    detail = _words(value, "detail", where)
    data = split_data_url(url)
    if data:
        return Image(data=data[1], media_type=data[0], detail=detail)
    return Image(url=url, detail=detail)


def split_data_url(url: str) -> tuple[str, str] | None:
    """Media type and base64 text of a `data:` URL; None for any other URL."""
    match = _DATA_URL.match(url)
    return (match.group(1) or "application/octet-stream", url[match.end() :]) if match else None


def _file(value: dict[str, Any], where: str) -> Document:
    name = _words(value, "filename", where)
    if file_id := _words(value, "file_id", where):
        return Document(file_id=file_id, name=name)
    data = split_data_url(_string(value, "file_data", where))
    if not data:
        raise BadAskError(f"`{where}.file_data`: expected a base64 data URL.", param=f"{where}.file_data")
    return Document(data=data[1], media_type=data[0], name=name)


def _tool(function: wire.Function) -> Tool:
    return Tool(
        name=function.name,
        description=function.description,
        parameters=function.parameters,
        strict=function.strict,
    )


def _tool_choice(choice: str | wire.NamedChoice | None) -> ToolChoice | None:
    if choice is None:
        return None
    if isinstance(choice, str):
        if choice in _MODES:
            return ToolChoice(_MODES[choice])
    elif choice.function is not None:
        return ToolChoice("tool", choice.function.name)
    raise BadAskError("`tool_choice`: expected auto, none, required, or a function by name.", param="tool_choice")


def _output(response_format: wire.ResponseFormat | None) -> OutputFormat | None:
    if response_format is None or response_format.type == "text":
        return None
    if response_format.type == "json_object":
        return OutputFormat(mode="json")
    schema = response_format.json_schema
    if response_format.type == "json_schema" and schema is not None:
        return OutputFormat(
            mode="json_schema",
            name=schema.name,
            schema=schema.schema,
            strict=schema.strict,
            description=schema.description,
        )
    name = "response_format"
    raise BadAskError(f"`{name}`: expected text, json_object, or json_schema with its schema.", param=name)
