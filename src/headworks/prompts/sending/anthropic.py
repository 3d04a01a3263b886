"""A prompt as the fields of `POST /v1/messages` and `/v1/messages/count_tokens`.

Source: platform.claude.com/docs/en/api/messages, as documented in the official client 2.12. System messages that lead
become `system`, before the client's own; the longest answer has to be said by the prompt or the client.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError, translation_gap
from headworks.core.messages import Kind, Prompt
from headworks.dialects.anthropic.client.prompt import read_prompt
from headworks.dialects.splicing import as_list, items
from headworks.prompts.record import Parameters, Spec, Tool
from headworks.prompts.sending.protocol import Fields, Towards
from headworks.prompts.templates import Message
from headworks.prompts.values import Picture

_UNSAYABLE = ("seed", "presence_penalty", "frequency_penalty")
_COUNTED = frozenset(["tools", "tool_choice", "output_config"])
_MODES = {"auto": "auto", "none": "none", "required": "any"}
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class AnthropicFields:
    """Writes messages, and counts of their tokens."""

    def read(self, fields: Fields) -> Prompt:
        """The neutral prompt of a message."""
        return read_prompt(fields)

    def fields(self, given: Mapping[str, Raw], messages: Sequence[Message], spec: Spec, towards: Towards) -> Fields:
        """The fields of a message."""
        said = {name: raw for name, raw in given.items() if raw != Raw(b"null")}
        lead = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))
        turns = [msgspec.json.encode(_turn(message)) for message in messages[lead:]]
        turns += items(said.pop("messages", Raw(b"[]")))
        if not turns:
            raise BadAskError(
                "The prompt has no message of the user, and none was sent in `messages`.", param="messages"
            )
        written = _defaults(spec, towards.kind)
        if "output_config" in said and "output_config" in written:
            written["output_config"] |= _OBJECT.decode(said.pop("output_config"))
        fields = {**said, **{name: Raw(msgspec.json.encode(one)) for name, one in written.items() if name not in said}}
        if lead:
            fields["system"] = Raw(_system([message.text for message in messages[:lead]], said.get("system")))
        if towards.kind == "chat" and "max_tokens" not in fields:
            raise BadAskError(
                "`max_tokens` is missing: neither the request nor the prompt says how long the answer may be.",
                param="max_tokens",
            )
        return {**fields, "messages": Raw(as_list(turns))}


def _system(texts: list[str], own: Raw | None) -> bytes:
    """The system prompt: a text, or blocks where the client has one of its own."""
    if own is None and len(texts) == 1:
        return msgspec.json.encode(texts[0])
    blocks = [msgspec.json.encode({"type": "text", "text": text}) for text in texts]
    if own is not None:
        given = bytes(own)
        blocks += items(given) if given[:1] == b"[" else [b'{"type":"text","text":' + given + b"}"]
    return as_list(blocks)


def _turn(message: Message) -> dict[str, Any]:
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], str):
        return {"role": message.role, "content": parts[0]}
    return {"role": message.role, "content": [_block(part) for part in parts]}


def _block(part: str | Picture) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if part.data is None:
        return {"type": "image", "source": {"type": "url", "url": part.url}}
    return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": part.data}}


def _defaults(spec: Spec, kind: Kind) -> dict[str, Any]:
    found = _parameters(spec.parameters)
    if spec.tools:
        found["tools"] = [_tool(tool) for tool in spec.tools]
    if spec.output is not None:
        shape = {"type": "json_schema", "schema": spec.output.schema}
        found["output_config"] = found.get("output_config", {}) | {"format": shape}
    return found if kind == "chat" else {name: value for name, value in found.items() if name in _COUNTED}


def _parameters(parameters: Parameters) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(parameters)
    for name in _UNSAYABLE:
        if name in found:
            raise translation_gap(name, "Anthropic", "The prompt sets it; take it out of its `parameters`.")
    if "stop" in found:
        found["stop_sequences"] = found.pop("stop")
    if "reasoning_effort" in found:
        found["output_config"] = {"effort": found.pop("reasoning_effort")}
    choice, parallel = found.pop("tool_choice", None), found.pop("parallel_tool_calls", None)
    if choice is not None or parallel is not None:
        chosen = choice or "auto"
        said = {"type": _MODES[chosen]} if chosen in _MODES else {"type": "tool", "name": chosen}
        found["tool_choice"] = said if parallel is None else said | {"disable_parallel_tool_use": not parallel}
    return found


def _tool(tool: Tool) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(tool)
    found["input_schema"] = found.pop("parameters", {"type": "object"})
    return found


FIELDS = AnthropicFields()
