"""How much to leave out of a prompt that is too long: by the provider's numbers, by a count, or else by half.

Nothing here is exact. Tokens are spread over a body by the bytes of its text, and room is kept for the answer that is
asked for, so that a second attempt is likely to be the last.
"""

import math
import re
from collections.abc import Awaitable, Callable

from msgspec import Struct

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Ask, Target
from headworks.dialects.protocols import AskEditor
from headworks.dialects.too_long import TooLong, read_too_long
from headworks.providers.context.trimming import Trim, most_to_drop, trimmed, weight

Count = Callable[[Target, Ask], Awaitable[int]]

TOOL_TOKENS = 1_000
"""For what providers add to a prompt with tools, beside the tools: 159 to 530 (docs.anthropic.com, tool use pricing and
tokens, read 2026-11-24), and as much again to be sure."""
SUSPECT_BYTES_PER_TOKEN = 3
"""A prompt is counted before it is sent only if it is longer than so many bytes for each token of the model: texts have
three or four, and a provider that refuses a prompt costs nothing."""
SURELY = 1.1
"""A count of ours that exceeds the model's limit by so much is believed."""
SAID_MARGIN, COUNTED_MARGIN = 0.02, 0.1
"""Shares of the limit that stay free: the provider counted, or we did."""
UNSAID_ROOM_TOKENS = 1_024
"""Kept free for an answer whose length the client does not limit; an eighth of a small limit."""
STRETCH = 1.2
"""What may be left out must be so much of what must be: more than that is beyond the error of weighing."""
_MEDIA = re.compile(rb'(?<!\\)"(?:image|input_image|document|file|input_file|input_audio|audio|video|media)')


class Fitted(Struct, frozen=True):
    """An ask that should fit. `trim` is None when a shorter answer was enough."""

    ask: Ask
    trim: Trim | None


def suspect(ask: Ask, context_tokens: int) -> bool:
    """Whether a prompt is long enough to be worth counting. Costs a microsecond, so it is asked of every call."""
    return _bytes(ask) > SUSPECT_BYTES_PER_TOKEN * context_tokens


async def known_too_long(ask: Ask, target: Target, context_tokens: int | None, count: Count) -> TooLong | None:
    """By how much a prompt is too long before it is sent; None when it may fit. Doubt is left to the provider."""
    if context_tokens is None or not suspect(ask, context_tokens) or _has_media(ask):
        return None
    counted = await _counted(ask, target, count)
    if counted is None or counted <= SURELY * context_tokens:
        return None
    return TooLong(limit=context_tokens, input=counted)


def said_too_long(error: ProviderError, context_tokens: int | None) -> TooLong:
    """What a provider's refusal says, with what is known of the model where it says nothing."""
    told = read_too_long(error.message) or TooLong()
    return TooLong(limit=told.limit or context_tokens, input=told.input, output=told.output)


async def fitted(
    editor: AskEditor, ask: Ask, target: Target, told: TooLong, count: Count, *, spare_tokens: int = 0
) -> Fitted | None:
    """The ask made to fit; None when it cannot be.

    Args:
        editor: For the client's dialect.
        ask: What is too long.
        target: The model it is too long for.
        told: What is known of its length.
        count: Counts an ask where the provider did not.
        spare_tokens: To keep free for what will be put in the place of what is left out.
    """
    if ask.kind not in ("chat", "completion"):
        return None
    read = told.input
    if read is None and told.limit is not None:
        read = await _counted(ask, target, count)
    if told.limit is None or read is None:
        return _without_half(editor, ask)
    usable = int(told.limit * (1 - (COUNTED_MARGIN if told.input is None else SAID_MARGIN)))
    wanted = editor.max_tokens(ask)
    room = min(wanted or min(UNSAID_ROOM_TOKENS, told.limit // 8), told.limit // 2)
    excess = read + room - usable
    if excess <= 0:
        shorter = editor.limited(ask, max(1, usable - read), target) if wanted else ask
        return Fitted(shorter, None) if editor.max_tokens(shorter) != wanted else _without_half(editor, ask)
    turns = editor.turns(ask)
    drop = math.ceil((excess + spare_tokens) / read * _weight(ask))
    if drop > STRETCH * most_to_drop(turns):
        return None
    return _without(editor, editor.limited(ask, room, target) if wanted else ask, trimmed(turns, drop))


def _without_half(editor: AskEditor, ask: Ask) -> Fitted | None:
    turns = editor.turns(ask)
    return _without(editor, ask, trimmed(turns, most_to_drop(turns) / 2))


def _without(editor: AskEditor, ask: Ask, trim: Trim | None) -> Fitted | None:
    return None if trim is None else Fitted(editor.with_turns(ask, trim.kept), trim)


async def _counted(ask: Ask, target: Target, count: Count) -> int | None:
    try:
        return await count(target, ask)
    except BadAskError:  # says something that only its own dialect can say, so that nobody here can read it
        return None


def _bytes(ask: Ask) -> int:
    said = sum(memoryview(raw).nbytes for raw in ask.fields.values())
    return said + TOOL_TOKENS if "tools" in ask.fields else said


def _weight(ask: Ask) -> int:
    return sum(weight(bytes(raw)) for raw in ask.fields.values())


def _has_media(ask: Ask) -> bool:
    messages = ask.fields.get("messages")
    return messages is not None and _MEDIA.search(memoryview(messages)) is not None
