"""Gives an ask other fields, and reads its neutral prompt from them in its client's dialect."""

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
from msgspec import Raw

from headworks.core.messages import Ask, Prompt
from headworks.dialects.anthropic.client.prompt import read_prompt as read_anthropic
from headworks.dialects.openai.chat import read_fields as read_chat
from headworks.dialects.openai.completions import read_fields as read_completion
from headworks.dialects.splicing import edited

_READERS: dict[tuple[str, str], Callable[[dict[str, Raw]], Prompt]] = {
    ("openai", "chat"): read_chat,
    ("openai", "completion"): read_completion,
    ("anthropic", "chat"): read_anthropic,
    ("anthropic", "count"): read_anthropic,
}
_TEXTS = msgspec.json.Decoder(str | list[str])


def with_fields(ask: Ask, changes: Mapping[str, bytes]) -> Ask:
    """`ask` with some fields changed. Nothing is changed in place."""
    reader = _READERS.get((ask.dialect, ask.kind))
    if reader is None:
        reader = partial(_embedding, ask.read_prompt)
    return edited(ask, reader, **changes)


def _embedding(read_prompt: Callable[[], Prompt], fields: dict[str, Raw]) -> Prompt:
    """The prompt of an embedding, which has texts and nothing else to change."""
    texts = _TEXTS.decode(fields["input"])
    return msgspec.structs.replace(read_prompt(), inputs=(texts,) if isinstance(texts, str) else tuple(texts))
