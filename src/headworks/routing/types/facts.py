"""Facts of a prompt, read from the neutral form. Pure; costs some microseconds for each message."""

from collections.abc import Iterator
from typing import Any

from headworks.core.messages import (
    Audio,
    Document,
    Image,
    Message,
    OutputFormat,
    Part,
    Prompt,
    Text,
    ToolCall,
    ToolResult,
)
from headworks.routing.types.tag import PromptFacts

_BYTES_PER_TOKEN = 4
_CHARS_PER_TOKEN_ELSEWHERE = 1.5
"""In scripts other than ASCII a token is a character or two."""
_TOKENS_PER_FILE_BYTE = 1 / 16
_FOLLOW_UP = 24
"""Up to so many characters ("yes, go on") a question says too little without the one before."""
_CHOICES = ("boolean", "number", "integer")


def facts_of(prompt: Prompt, tokens: int | None = None) -> PromptFacts:
    """What is known of `prompt`. `tokens` when somebody has counted them; else they are estimated, within a third."""
    parts = [part for message in prompt.messages for part in message.parts]
    return PromptFacts(
        text=_asked(prompt.messages),
        tokens=sum(map(_tokens, parts)) if tokens is None else tokens,
        images=sum(1 for part in _flat(parts) if isinstance(part, Image)),
        audio=sum(1 for part in parts if isinstance(part, Audio)),
        tools=len(prompt.tools),
        labels_only=_labels_only(prompt.output),
        effort=prompt.reasoning.effort if prompt.reasoning is not None and prompt.reasoning.enabled else None,
    )


def _asked(messages: tuple[Message, ...]) -> str:
    """The user's last words, with those before when they are a mere follow-up."""
    said = [text for message in messages if message.role == "user" and (text := _text(message))]
    if len(said) > 1 and len(said[-1]) <= _FOLLOW_UP:
        return f"{said[-2]}\n{said[-1]}"
    return said[-1] if said else ""


def _text(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, Text))


def _flat(parts: list[Part]) -> Iterator[Part]:
    """The parts, and what tools answered."""
    for part in parts:
        yield part
        if isinstance(part, ToolResult):
            yield from part.parts


def _tokens(part: Part) -> int:
    match part:
        case ToolResult(parts=inner):
            return sum(map(_tokens, inner))
        case ToolCall(arguments=arguments):
            return _text_tokens(arguments)
        case Document(data=data, text=text):
            return _text_tokens(text) if text else int(len(data or "") * _TOKENS_PER_FILE_BYTE)
        case Image() | Audio():
            return 0
        case _:
            return _text_tokens(part.text)


def _text_tokens(text: str) -> int:
    if text.isascii():
        return len(text) // _BYTES_PER_TOKEN
    return int(len(text) / _CHARS_PER_TOKEN_ELSEWHERE) if _mostly_foreign(text) else len(text) // _BYTES_PER_TOKEN


def _mostly_foreign(text: str) -> bool:
    beginning = text[:256]
    return 2 * len(beginning.encode("ascii", "ignore")) < len(beginning)


def _labels_only(output: OutputFormat | None) -> bool:
    """Whether every field is a choice, yes or no, or a number."""
    schema = output.schema if output is not None else None
    fields = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(fields, dict) and bool(fields) and all(map(_is_label, fields.values()))


def _is_label(field: Any) -> bool:
    return isinstance(field, dict) and ("enum" in field or "const" in field or field.get("type") in _CHOICES)
