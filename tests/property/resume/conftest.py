"""Texts of many scripts, answers as events, and attempts that break off."""

import itertools

from hypothesis import strategies as st

from headworks.core.replies import (
    Finished,
    Resumed,
    Started,
    TextDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.providers.resume import Delivered, Joiner

TEXTS = {
    "latin": "The harbour lay quiet at dawn; naïve gulls circled (“far out”) above 12 masts.\n\nThen a bell rang.",
    "cyrillic": "Съешь же ещё этих мягких французских булок, да выпей чаю. Потом иди домой, Ёжик!",
    "arabic": "كانَ الليلُ هادئًا، والقمرُ يضيءُ الطريقَ إلى القرية البعيدة؛ ثم هبّت ريحٌ باردة.",
    "hindi": "क्षत्रिय ने कहा: हिन्दी में संयुक्ताक्षर सुन्दर होते हैं, और वर्षा ऋतु में मोर नाचते हैं।",
    "thai": "น้ำท่วมทุ่งผักบุ้งโหรงเหรง เป็นสำนวนไทยที่ใช้กันมานานแล้วในชนบท",
    "chinese": "春眠不觉晓,处处闻啼鸟。夜来风雨声,花落知多少?白日依山尽。",
    "japanese": "東京の夜は、ネオンが「きらきら」と光っていて、とても綺麗でした。パリとは違う。",
    "emoji": "Family 👩‍👩‍👧‍👦 from 🇿🇦🇩🇪 says 👍🏽 and ❤️‍🔥, then 🏴󠁧󠁢󠁷󠁬󠁳󠁿 waves; Ame\u0301lie smiles ☺️!",
    "lines": "# Title\r\n\r\n1. first\r\n2. second\r\n\r\n```python\r\ndef f(x):\r\n    return x\r\n```\r\nDone.\r\n",
    "hebrew": "שלום עולם, מה שלומך היום? \u200fהכול בסדר גמור\u200e, תודה רבה לך.",  # noqa: RUF001  a letter of that alphabet
}
"""None says two words twice in a row, so a repetition in them is a model's."""

ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)
SEAM = Resumed(attempt=2, mode="restart", model="other")
START = Started("first-id", "model")
END = [Finished("stop"), UsageReported(Usage(input_tokens=9, output_tokens=9))]


def cut(text, edges):
    """`text` in pieces that end at `edges`; empty ones left out."""
    spans = itertools.pairwise([0, *sorted(edges), len(text)])
    return [text[start:end] for start, end in spans if start < end]


def sized(text, size):
    """`text` in pieces of `size` characters."""
    return cut(text, range(size, len(text), size))


def pieces_of(text):
    """Any way to cut `text`."""
    return st.sets(st.integers(0, len(text)), max_size=12).map(lambda edges: cut(text, edges))


def said(pieces):
    return [TextDelta(piece) for piece in pieces]


def tool_calls(calls, size=5):
    """Events of `calls`, pairs of name and arguments."""
    events = []
    for slot, (name, arguments) in enumerate(calls):
        events.append(ToolCallStarted(slot=slot, id=f"call-{slot}", name=name))
        events += [ToolArgumentsDelta(slot, piece) for piece in sized(arguments, size)]
    return events


def join(delivered, mode, chunks, **counts):
    """What a joiner lets through of an attempt that ends well. `chunks` are lists of events."""
    joiner = Joiner(delivered, mode, SEAM, **counts)
    return [event for chunk in chunks for event in joiner.feed(chunk)] + joiner.end()


def resumed(before, mode, chunks, **counts):
    """All the client is told: `before`, then what is let through."""
    return [*before, *join(Delivered.of(before), mode, chunks, **counts)]


def text_of(events):
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls_of(events):
    """Every call that was delivered, in the order in which they began."""
    calls = {}
    for event in events:
        if isinstance(event, ToolCallStarted):
            assert event.slot not in calls, "begun twice"
            calls[event.slot] = [event.id, event.name, ""]
        elif isinstance(event, ToolArgumentsDelta):
            calls[event.slot][2] += event.fragment
    ids = [call[0] for call in calls.values()]
    assert len(set(ids)) == len(ids)
    return [(name, arguments) for _, name, arguments in calls.values()]


def count(events, kind):
    return sum(isinstance(event, kind) for event in events)
