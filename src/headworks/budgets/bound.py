"""How many tokens a prompt can be at most: cheap, without a vocabulary, and never too low.

Why it cannot be low:

* A token of a byte-level vocabulary stands for one byte at least, so a text has no more tokens than UTF-8 bytes. JSON
  never writes a text shorter than its UTF-8 bytes: an escape is longer than what it stands for.
* So the length of the client's own body bounds every text in it, and the JSON around a message, a tool or a parameter
  (`{"role":"user","content":""}`: 28 bytes) is longer than the frame that a model puts in its place (5 tokens).
* What has no bytes in the body is added: the frame of the reply, and what providers put before tools and schemas.
* A picture, sound or file counts for the most that is documented for any, whatever it holds.

What is taken for granted where a vocabulary is not published (Claude, Gemini): that its tokens are no shorter than a
byte. What no prompt tells is not in it: what a provider's own tools fetch, and what a file of many pages, a video or an
earlier answer by id holds beyond the numbers here. The context window of the model bounds those.
"""

import msgspec

from headworks.budgets.families import Family
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Audio, Document, Image, Part, ToolResult

FRAME_TOKENS = 16
"""Around the whole prompt and before the reply; 3 are published."""
TOOLS_TOKENS = 1_000
"""Put before a prompt with tools; 804 at most by platform.claude.com/docs/en/agents-and-tools/tool-use/overview."""
BUILT_IN_TOKENS = 1_500
"""Of a tool that the provider describes itself: 735 and 499 for the use of a computer, by the same page."""
SCHEMA_TOKENS = 500
"""Put before a prompt whose answer has a schema. How much that is, is not published."""
PAGES, PAGE_TOKENS = 100, 3_000
"""Of a file: 100 pages are the most for a window of 200,000 tokens, 3,000 tokens of text the most for a page, beside
its picture (platform.claude.com/docs/en/build-with-claude/pdf-support)."""
SOUND_TOKENS_A_SECOND = 32
"""ai.google.dev/gemini-api/docs/audio; others count 10 at most."""
SOUND_BYTES_A_SECOND = {"wav": 4_000, "pcm16": 4_000}
"""The fewest: ADPCM at 8 kHz."""
PACKED_SOUND_BYTES_A_SECOND = 500
UNREAD_PART_TOKENS = 20_000
"""For each word in an unreadable prompt that may name a picture, sound or file; an earlier spoken answer is 16,384."""

_SCHEMA_FIELDS = ("response_format", "output_format", "output_config")
_SOUND = b'"audio'
_PART = b'"type"'
"""Of every other part that is not plain text."""
_MEDIA = (b'_url"', b'"image', b'"input_', b'"file', b'"document', b'"video', _SOUND)
_ESCAPED = b"\\u"
"""A client may write a letter of a word as a number; the words above are then not seen."""
_WITHOUT_MEDIA = frozenset({"tools", "functions", "metadata", *_SCHEMA_FIELDS})
_DATED_TOOL = b"_20"
"""In the type of every tool that Anthropic describes itself: `bash_20250124`."""


def bound_tokens(family: Family, ask: Ask) -> int:
    """Tokens of an ask's prompt at most, for a model of the family."""
    fields = ask.fields
    tokens = FRAME_TOKENS + sum(map(len, fields.values()))
    if "tools" in fields or "functions" in fields:
        tools = bytes(fields.get("tools", b""))
        if _ESCAPED in tools:
            tools = msgspec.json.encode(msgspec.json.decode(tools))
        tokens += TOOLS_TOKENS + BUILT_IN_TOKENS * tools.count(_DATED_TOOL)
    if any(name in fields for name in _SCHEMA_FIELDS):
        tokens += SCHEMA_TOKENS
    return tokens + _media_tokens(family, ask) if may_hold_media(ask) else tokens


def may_hold_media(ask: Ask) -> bool:
    """Whether there may be more than text in the prompt, or more than text wanted back. False is certain."""
    for name, value in ask.fields.items():
        raw = bytes(value)
        if raw[:1] in (b"[", b"{") and name not in _WITHOUT_MEDIA and _names_media(raw):
            return True
    return False


def _names_media(raw: bytes) -> bool:
    if _ESCAPED in raw or _SOUND in raw:
        return True
    return _PART in raw and any(word in raw for word in _MEDIA)


def _media_tokens(family: Family, ask: Ask) -> int:
    """Tokens of pictures, sound and files, less the bytes of pictures and sound, which the body is counted with."""
    try:
        messages = ask.prompt.messages
    except BadAskError:  # passed through in words that only the provider knows
        words = (msgspec.json.encode(msgspec.json.decode(value)) for value in ask.fields.values())
        return sum(raw.count(word) for raw in words for word in _MEDIA) * UNREAD_PART_TOKENS
    return sum(_part_tokens(family, part) for message in messages for part in message.parts)


def _part_tokens(family: Family, part: Part) -> int:
    if isinstance(part, Image):
        return family.image.most(part.detail) - len(part.data or "")
    if isinstance(part, Audio):
        rate = SOUND_BYTES_A_SECOND.get(part.format, PACKED_SOUND_BYTES_A_SECOND)
        return SOUND_TOKENS_A_SECOND * (1 + len(part.data) * 3 // 4 // rate) - len(part.data)
    if isinstance(part, ToolResult):
        return sum(_part_tokens(family, inner) for inner in part.parts)
    if isinstance(part, Document) and part.text is None:
        return PAGES * (PAGE_TOKENS + family.image.most(None))  # beside its bytes, which may be plain text
    return 0
