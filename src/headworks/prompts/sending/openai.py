"""A prompt as the fields of `POST /v1/chat/completions`.

Source: platform.openai.com/docs/api-reference/chat, as documented in the official client 3.54.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import translation_gap
from headworks.core.messages import Prompt
from headworks.dialects.openai.chat import read_fields
from headworks.dialects.openai.wire import limit_name
from headworks.dialects.splicing import as_list, items
from headworks.prompts.record import Parameters, Spec, Tool
from headworks.prompts.sending.protocol import Fields, Towards
from headworks.prompts.templates import Message
from headworks.prompts.values import Picture

_LIMITS = ("max_completion_tokens", "max_tokens")
_MODES = frozenset(["auto", "none", "required"])


class OpenAIFields:
    """Writes chats."""

    def read(self, fields: Fields) -> Prompt:
        """The neutral prompt of a chat."""
        return read_fields(fields)

    def fields(self, given: Mapping[str, Raw], messages: Sequence[Message], spec: Spec, towards: Towards) -> Fields:
        """The fields of a chat."""
        said = dict(given)
        conversation = items(said.pop("messages", Raw(b"[]")))
        made = [msgspec.json.encode(_message(message)) for message in messages]
        defaults = _defaults(spec)
        if any(name in said for name in _LIMITS):
            defaults.pop("max_tokens", None)
        elif "max_tokens" in defaults and towards.target is not None:
            defaults[limit_name(towards.target)] = defaults.pop("max_tokens")
        written = {name: Raw(msgspec.json.encode(value)) for name, value in defaults.items() if name not in said}
        return {**said, **written, "messages": Raw(as_list([*made, *conversation]))}


def _message(message: Message) -> dict[str, Any]:
    parts = message.parts
    if len(parts) == 1 and isinstance(parts[0], str):
        return {"role": message.role, "content": parts[0]}
    return {"role": message.role, "content": [_part(part) for part in parts]}


def _part(part: str | Picture) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": part.url}}


def _defaults(spec: Spec) -> dict[str, Any]:
    found = _parameters(spec.parameters)
    if spec.tools:
        found["tools"] = [{"type": "function", "function": _function(tool)} for tool in spec.tools]
    if spec.output is not None:
        schema: dict[str, Any] = {"name": spec.output.name, "schema": spec.output.schema}
        if spec.output.strict is not None:
            schema["strict"] = spec.output.strict
        found["response_format"] = {"type": "json_schema", "json_schema": schema}
    return found


def _parameters(parameters: Parameters) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(parameters)
    if "top_k" in found:
        raise translation_gap("top_k", "OpenAI", "The prompt sets it; take it out of its `parameters`.")
    choice = found.get("tool_choice")
    if choice is not None and choice not in _MODES:
        found["tool_choice"] = {"type": "function", "function": {"name": choice}}
    return found


def _function(tool: Tool) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(tool)
    return found


FIELDS = OpenAIFields()
