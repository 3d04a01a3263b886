"""What of a prompt counts as tokens: its texts, and a number for all that is not text."""

from collections.abc import Iterator

import msgspec
from msgspec import Struct

from headworks.budgets.families import Family
from headworks.budgets.pictures import picture_tokens
from headworks.core.messages import (
    Audio,
    Document,
    Image,
    Message,
    Part,
    Prompt,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)

# Frame of a tool and of each of its parameters, beside their text (the OpenAI cookbook's "How to count tokens with
# tiktoken", section on tool calls, read 2026-11-23).
TOOL_TOKENS, PARAMETER_TOKENS, TOOLS_END_TOKENS = 7, 3, 12
# Stated assumptions: a page of a PDF file (1,500 to 3,000 by platform.claude.com/docs/en/build-with-claude/pdf-support,
# read 2026-11-23) of 100 kB, and sound of 10 tokens a second at 16 kB a second.
PAGE_TOKENS, PAGE_BYTES = 2_000, 100_000
SOUND_BYTES_PER_TOKEN = 1_600


class Tally(Struct):
    """Texts to be encoded, tokens besides, and whether that is all as published."""

    texts: list[str]
    beside: int = 0
    exact: bool = True


def tally(prompt: Prompt, family: Family, *, framed: bool) -> Tally:
    """Everything the model reads of a prompt.

    Args:
        prompt: The prompt.
        family: Whose rules count.
        framed: True for a chat, whose messages and reply have a frame.
    """
    found = Tally(list(prompt.inputs))
    for message in prompt.messages:
        _add_message(found, message, family, framed=framed)
    if framed:
        found.beside += family.reply
    if prompt.tools:
        _add_tools(found, prompt.tools)
    if prompt.output is not None and prompt.output.schema is not None:
        found.texts.append(msgspec.json.encode(prompt.output.schema).decode())
        found.exact = False
    return found


def _add_message(found: Tally, message: Message, family: Family, *, framed: bool) -> None:
    if framed:
        found.beside += family.per_message
        if message.name:
            found.texts.append(message.name)
            found.beside += 1
    for part in message.parts:
        if isinstance(part, Text):
            found.texts.append(part.text)
        else:
            found.exact = False
            found.texts += _texts(part)
            found.beside += _other_tokens(part, family)


def _texts(part: Part) -> Iterator[str]:
    """The text inside a part that is not plain text."""
    if isinstance(part, Refusal):
        yield part.text
    elif isinstance(part, Thinking):
        yield part.redacted or part.text
    elif isinstance(part, ToolCall):
        yield part.name
        yield part.arguments
    elif isinstance(part, ToolResult):
        yield from (inner.text for inner in part.parts if isinstance(inner, Text | Document) and inner.text)
    elif isinstance(part, Document) and part.text:
        yield part.text


def _other_tokens(part: Part, family: Family) -> int:
    """Tokens of a part that are not text."""
    if isinstance(part, Image):
        return picture_tokens(family.image, part.data, part.detail)
    if isinstance(part, Document):
        return 0 if part.text else PAGE_TOKENS * (1 + len(part.data or "") * 3 // 4 // PAGE_BYTES)
    if isinstance(part, Audio):
        return 1 + len(part.data) * 3 // 4 // SOUND_BYTES_PER_TOKEN
    if isinstance(part, ToolResult):
        return sum(_other_tokens(inner, family) for inner in part.parts)
    return 0


def _add_tools(found: Tally, tools: tuple[Tool, ...]) -> None:
    found.exact = False
    found.beside += TOOLS_END_TOKENS
    for tool in tools:
        found.beside += TOOL_TOKENS
        found.texts.append(f"{tool.name}:{tool.description or ''}")
        properties = (tool.parameters or {}).get("properties")
        if isinstance(properties, dict):
            found.beside += PARAMETER_TOKENS * len(properties)
            found.texts.append(msgspec.json.encode(properties).decode())
