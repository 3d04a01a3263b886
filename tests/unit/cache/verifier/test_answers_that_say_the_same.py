"""Which answers say the same, which do not, and where rules cannot tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.verifier import Answer, Call, Verdict, answer_of, equivalent
from headworks.core.messages import Citation
from headworks.core.replies import (
    CitationAdded,
    Finished,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolArgumentsDelta,
    ToolCallStarted,
)

LONG = (
    "The kettle boils water with a coil. A thermostat cuts the power once steam reaches it. "
    "Descale the coil every month, as lime slows it down."
)

SAME = [
    ("Paris.", "Paris", None),
    ("The capital is Paris.", "the capital is Paris", None),
    ("It has 1,000 rooms.", "It has 1000 rooms", None),
    ('{"a": 1, "b": [true, null]}', '{"b":[true,null],"a":1.0}', None),
    ('```json\n{"a": 1}\n```', '{"a": 1}', None),
    ("Clean the filter weekly and keep it dry.", "You should clean the filter each week, then keep it dry.", 0.95),
    (LONG, LONG.replace("Descale", "Clean"), 0.85),
]
DIFFERENT = [
    ("Yes, it is.", "No, it is not.", 0.95),
    ("Ja, das geht.", "Nein, das geht nicht.", 0.95),
    ("Take 5 mg.", "Take 50 mg.", 0.99),
    ("It opens on Monday.", "It opens on Tuesday.", 0.99),
    ("It is safe to eat.", "It is not safe to eat.", 0.99),
    ("Turn the valve left to open it.", "Turn the valve left to close it.", 0.99),
    ("It flies from Rome to Oslo.", "It flies from Oslo to Rome.", 0.99),
    (LONG, LONG.replace("The kettle boils", "The kettle never boils"), 0.97),
    ("I'm sorry, but I can't help with that.", LONG, 0.9),
    (LONG, "The stock market closed higher today. Oil went down. Bonds went sideways for the most part.", 0.1),
    ('{"a": 1}', '{"a": 2}', 1.0),
    ('{"a": 1}', '{"b": 1}', 1.0),
    ('{"a": true}', '{"a": 1}', 1.0),
    ("[1, 2]", "[2, 1]", 1.0),
    ("[1, 2]", "[1, 2, 3]", 1.0),
    ('{"a": 1}', "The value of a is one, as you can see from the table.", 0.9),
    ("", "Something", 1.0),
]
UNSURE = [
    ("I can't help with that.", "I'm sorry, but I won't do that.", 0.99),
    ("", " ", None),
    (LONG, LONG.replace("Descale", "Clean"), None),
    (LONG, "A kettle heats water by electric current, and stops by itself when steam comes up to the switch.", 0.75),
    ("Use this:\n```python\nprint(1)\n```", "Use this:\n```python\nprint(2)\n```", 0.99),
    ("Use this:\n```python\nprint(1)\n```", "Use this: the print function of Python.", 0.99),
    ("水在一百度沸腾。", "水的沸点是一百度。", 0.99),
    (
        "It rose by 12 in the first year and then it fell for a long time after.",
        "All in all it grew by 7 then, which was a lot for those days.",
        0.99,
    ),
    (f'{{"why": "{"because it is so " * 4}"}}', f'{{"why": "{"for reasons given above " * 4}"}}', 1.0),
]


@pytest.mark.parametrize(
    ("outcome", "a", "b", "similarity"),
    [
        (outcome, *case)
        for outcome, cases in (("same", SAME), ("different", DIFFERENT), ("unsure", UNSURE))
        for case in cases
    ],
)
def test_the_verdict_is_this_both_ways(outcome: str, a: str, b: str, similarity: float | None) -> None:
    one, other = Answer(text=a), Answer(text=b)
    assert equivalent(one, other, similarity).outcome == outcome
    assert equivalent(other, one, similarity).outcome == outcome


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ((Call("f", '{"x": 1, "y": 2}'),), (Call("f", '{"y": 2, "x": 1}'),), "same"),
        ((Call("f", "{}"),), (Call("f", ""),), "same"),
        ((Call("f", "1"), Call("g", "{}")), (Call("g", "{}"), Call("f", "1")), "same"),
        ((Call("f", '{"x": 1}'),), (Call("f", '{"x": 2}'),), "different"),
        ((Call("f", "{}"),), (Call("g", "{}"),), "different"),
        ((Call("f", "{}"),), (), "different"),
        ((Call("f", "{}"),), (Call("f", "{}"), Call("f", "{}")), "different"),
        ((Call("f", '{"x": '),), (Call("f", '{"x": 1}'),), "different"),
        ((Call("f", '{"q": "%s"}' % ("a b " * 20)),), (Call("f", '{"q": "%s"}' % ("b a " * 20)),), "unsure"),
    ],
)
def test_tool_calls_are_compared_by_name_and_arguments(a: tuple[Call, ...], b: tuple[Call, ...], outcome: str) -> None:
    assert equivalent(Answer(calls=a), Answer(calls=b), 1.0).outcome == outcome
    assert equivalent(Answer(calls=b), Answer(calls=a), 1.0).outcome == outcome


def test_a_marked_refusal_against_an_answer_is_settled() -> None:
    assert equivalent(Answer(text="x", refused=True), Answer(text="x")) == Verdict("different", "refusal", final=True)


def test_only_same_counts_as_right() -> None:
    assert [Verdict(outcome, "").right for outcome in ("same", "different", "unsure")] == [True, False, False]


def test_an_answer_is_read_from_the_first_choice_of_its_events() -> None:
    events = [
        ThinkingDelta("hm"),
        TextDelta("Hel"),
        TextDelta("no", choice=1),
        TextDelta("lo"),
        CitationAdded(Citation(title="t")),
        ToolCallStarted(slot=0, id="1", name="f"),
        ToolCallStarted(slot=1, id="2", name="g"),
        ToolArgumentsDelta(0, '{"a"'),
        ToolArgumentsDelta(0, ":1}"),
        Finished("tool_calls"),
    ]
    assert answer_of(events) == Answer(text="Hello", calls=(Call("f", '{"a":1}'), Call("g", "")))
    assert answer_of([RefusalDelta("no")]).refused


PIECES = [
    "Yes.",
    "No",
    "It is 5 km.",
    "```",
    '{"a": [1]}',
    "not",
    "\n",
    "I can't",
    "Rome",
    "from A to B",
    "{",
    "[" * 2000,
]
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
SIMILARITIES = st.one_of(st.none(), st.floats(-1, 1))
ANSWERS = st.builds(
    Answer,
    text=TEXTS,
    calls=st.lists(st.builds(Call, st.sampled_from(["f", "g"]), TEXTS), max_size=2).map(tuple),
    refused=st.booleans(),
)


@given(ANSWERS, ANSWERS, SIMILARITIES)
def test_any_two_answers_are_compared_both_ways_alike(a: Answer, b: Answer, similarity: float | None) -> None:
    assert equivalent(a, b, similarity).outcome == equivalent(b, a, similarity).outcome


@given(ANSWERS)
def test_no_answer_is_different_from_itself(answer: Answer) -> None:
    assert equivalent(answer, answer).outcome != "different"


@pytest.mark.parametrize("piece", ["a", "a. ", "```", "[", '{"a":', "not ", "1.", "I can't ", "\n", "```\n", "'"])
def test_hostile_text_is_compared_to_its_end(piece: str) -> None:
    a, b = Answer(text=piece * 100_000), Answer(text=piece * 100_000 + "b c d")
    assert equivalent(a, b, 0.9).outcome in ("same", "different", "unsure")
