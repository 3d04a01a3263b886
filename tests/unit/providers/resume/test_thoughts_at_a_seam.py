"""Reasoning at a seam: it goes on, or another stands in its place; a signature only for what the client has whole."""

import pytest

from headworks.core.replies import (
    Finished,
    Resumed,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolArgumentsDelta,
    ToolCallStarted,
)
from headworks.providers.resume import Delivered, Joiner

START = Started("id", "model")
SEAM = Resumed(attempt=2, mode="restart", model="other")
ENDED = ThinkingSealed()
SEAL, OTHER_SEAL = ThinkingSealed(signature="one"), ThinkingSealed(signature="other")
DARK = ThinkingSealed(redacted="dark")
END = [TextDelta("So."), Finished("stop")]


def thinks(*pieces):
    return [ThinkingDelta(piece) for piece in pieces]


def rest(before, again):
    made = Joiner(Delivered.of([START, *before]), "restart", SEAM)
    out = [event for event in [*again, *END] for event in made.feed([event])]
    assert [*out[-2:], *made.end()] == END
    return out[:-2]


@pytest.mark.parametrize(
    ("before", "again", "told"),
    [
        # the same thought goes on, and is sealed: the client has it whole
        (thinks("I thi"), [*thinks("I think", "."), SEAL], [SEAM, *thinks("nk", "."), SEAL]),
        (thinks("I think"), [*thinks("I", " think"), SEAL], [SEAM, SEAL]),
        (thinks("I think"), thinks("I think it"), [SEAM, *thinks(" it")]),
        # another thought, whole, in a block of its own
        (thinks("I thi"), [*thinks("I ", "guess", "."), SEAL], [SEAM, ENDED, *thinks("I guess", "."), SEAL]),
        (thinks("I think"), [*thinks("I"), SEAL], [SEAM, ENDED, *thinks("I"), SEAL]),
        (thinks("I think"), [DARK], [SEAM, ENDED, DARK]),
        # no thought any more
        (thinks("I think"), [], [SEAM, ENDED]),
        (thinks("I think"), thinks("I th"), [SEAM, ENDED]),
        # thoughts that were sealed
        ([*thinks("a"), SEAL], [*thinks("a"), OTHER_SEAL], [SEAM]),
        ([*thinks("a"), SEAL], [*thinks("a"), OTHER_SEAL, *thinks("b")], [SEAM, *thinks("b")]),
        ([*thinks("a"), SEAL], [*thinks("ab"), OTHER_SEAL], [SEAM, *thinks("ab"), OTHER_SEAL]),
        ([*thinks("a"), SEAL], [], [SEAM]),
        ([*thinks("a"), SEAL, *thinks("b")], [*thinks("a"), SEAL, *thinks("bc"), SEAL], [SEAM, *thinks("c"), SEAL]),
        ([*thinks("a"), SEAL, *thinks("b")], [*thinks("x"), SEAL], [SEAM, ENDED, *thinks("x"), SEAL]),
        # redacted ones
        ([DARK], [DARK], [SEAM]),
        ([DARK, *thinks("a")], [DARK, *thinks("ab"), SEAL], [SEAM, *thinks("b"), SEAL]),
        ([DARK], [ThinkingSealed(redacted="darker")], [SEAM, ThinkingSealed(redacted="darker")]),
        ([DARK], thinks("a"), [SEAM, *thinks("a")]),
        # a thought that ended without a seal, and the new attempt has one
        ([*thinks("a"), DARK], [*thinks("a"), SEAL], [SEAM, *thinks("a"), SEAL]),
    ],
)
def test_thoughts(before, again, told):
    out = rest(before, again)
    assert out == (told if len(told) > 1 else [SEAM])


def test_a_thought_that_was_cut_off_ends_before_a_tool_call_too():
    made = Joiner(Delivered.of([START, *thinks("I th")]), "restart", SEAM)
    call = [ToolCallStarted(slot=0, id="c", name="f"), ToolArgumentsDelta(0, "{}")]
    assert made.feed(call) == [SEAM, ENDED, *call]


def test_the_thought_that_stands_is_the_last_one_at_the_next_break():
    events = [START, *thinks("I thi")]
    second = Joiner(Delivered.of(events), "restart", SEAM)
    events += second.feed(thinks("We gu"))
    third = Joiner(Delivered.of(events), "restart", SEAM)
    assert third.feed([*thinks("We guess"), SEAL]) == [SEAM, *thinks("ess"), SEAL]


def test_each_choice_thinks_for_itself():
    before = [START, TextDelta("a"), ThinkingDelta("x", 1)]
    made = Joiner(Delivered.of(before), "restart", SEAM)
    again = [ThinkingDelta("new"), ThinkingDelta("xy", 1), TextDelta("ab"), TextDelta("z", 1)]
    assert made.feed(again) == [SEAM, ThinkingDelta("y", 1), TextDelta("b"), TextDelta("z", 1)]
