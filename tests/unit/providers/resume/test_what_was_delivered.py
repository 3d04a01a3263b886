"""What a client has of a broken answer, and how the rest may be asked for."""

import pytest

from headworks.core.messages import Citation
from headworks.core.replies import (
    CitationAdded,
    Embedded,
    Finished,
    LogprobsDelta,
    RefusalDelta,
    Resumed,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
    Usage,
    UsageReported,
)
from headworks.providers.resume import Delivered

START = Started("id", "model")
ALL = ("prefill", "continue", "restart")
TEXT = TextDelta("Some words.")


def modes(*events, kind="chat", choices=1, json_output=False):
    return Delivered.of([START, *events]).modes(kind, choices, json_output=json_output)


@pytest.mark.parametrize("kind", ["chat", "completion"])
def test_plain_text_can_be_asked_for_in_every_way(kind):
    assert modes(TEXT, kind=kind) == ALL
    assert modes(ThinkingDelta("hm"), ThinkingSealed(signature="s"), TEXT, kind=kind) == ALL
    assert modes(TEXT, CitationAdded(Citation(url="u")), kind=kind) == ALL


@pytest.mark.parametrize(
    "events",
    [
        (),
        (ThinkingDelta("a long thought"),),
        (UsageReported(Usage(input_tokens=3)),),
        (TEXT, ToolCallStarted(slot=0, id="c", name="f")),
        (TEXT, RefusalDelta("I")),
        (TEXT, LogprobsDelta([{"token": "Some"}])),
        (TEXT, TextDelta("other", 1)),
        (TEXT, Finished("stop")),
        (TextDelta("abc"),),
        (TextDelta(" \n \n "),),
        (TextDelta("好"),),
    ],
)
def test_all_else_is_only_asked_for_anew(events):
    assert modes(*events) == ("restart",)


def test_what_cannot_be_continued_is_asked_for_anew():
    assert modes(TEXT, json_output=True) == modes(TEXT, choices=2) == modes(TEXT, kind="embedding") == ("restart",)
    assert Delivered.of([]).modes("chat", 1, json_output=False) == ("restart",)


def test_a_model_is_shown_the_text_without_white_space_at_its_end():
    assert Delivered.of([TextDelta("One "), TextDelta("two. \n\n")]).continuable_text == "One two."
    assert Delivered.of([START]).continuable_text == ""


def test_everything_is_gathered_by_choice():
    first, second = Citation(url="u"), Citation(title="t")
    delivered = Delivered.of([START, TextDelta("a"), TextDelta("x", 1), UsageReported(Usage(input_tokens=1))])
    delivered.add(
        [
            Resumed(attempt=2, mode="restart", model="m"),
            Started("other", "model"),
            TextDelta("b"),
            CitationAdded(first),
            CitationAdded(second, 1),
            RefusalDelta("no", 1),
            LogprobsDelta([{"token": "x"}, {"token": "y"}, {}], 1),
            ToolCallStarted(slot=4, id="c", name="f"),
            ToolArgumentsDelta(4, '{"a"'),
            ToolArgumentsDelta(4, ":1}"),
            ToolArgumentsDelta(9, "lost"),
            Embedded([]),
            UsageReported(Usage(input_tokens=2)),
            Finished("stop"),
        ]
    )
    one, other = delivered.choices[0], delivered.choices[1]
    assert (delivered.started, delivered.usage) == (START, Usage(input_tokens=2))
    assert (one.text.whole, other.text.whole, other.refusal.whole, other.tokens.whole) == ("ab", "x", "no", "xy")
    assert (one.citations, other.citations, one.finished, other.finished) == ([first], [second], True, False)
    ((slot, call),) = one.calls.items()
    assert (slot, call.id, call.name, call.arguments.whole, call.complete) == (4, "c", "f", '{"a":1}', True)


@pytest.mark.parametrize(
    ("arguments", "complete"), [("", False), ("{}", True), ('{"a":[1', False), ('{"a":[1]} ', True), ("1", False)]
)
def test_a_call_is_complete_when_its_arguments_are_an_object(arguments, complete):
    call = ToolCallStarted(slot=0, id="c", name="f")
    delivered = Delivered.of([call, ToolArgumentsDelta(0, arguments)])
    assert delivered.choices[0].calls[0].complete is complete


def test_thoughts_are_told_apart_by_their_seals():
    delivered = Delivered.of(
        [
            ThinkingDelta("one"),
            ThinkingSealed(signature="s"),
            ThinkingSealed(redacted="dark"),
            ThinkingDelta("th"),
            ThinkingDelta("ree"),
        ]
    )
    thoughts = delivered.choices[0].thoughts
    assert [(t.text.whole, t.redacted, t.sealed, t.open) for t in thoughts] == [
        ("one", None, True, False),
        ("", "dark", True, False),
        ("three", None, False, True),
    ]
    assert not delivered.choices[0].spoke
    delivered.add([ThinkingSealed()])  # given up at a seam
    assert len(delivered.choices[0].thoughts) == 2
    delivered.add([ThinkingDelta("four"), TextDelta("x")])
    assert [delivered.choices[0].thoughts[-1].open, delivered.choices[0].spoke] == [False, True]
