"""A model that was asked to go on: run-ups, new beginnings and blanks at the seam."""

import pytest

from headworks.core.messages import Citation
from headworks.core.replies import (
    CitationAdded,
    Finished,
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
from headworks.providers.resume import Delivered, DivergedError, Joiner

START = Started("id", "model")
LONG = "".join(f"Stage {n}: the mail coach left mile {7 * n} at {n} o'clock. " for n in range(1, 16)).strip()
"""Longer than a model takes a run-up."""
BOTH = ["prefill", "continue"]


def joiner(delivered, mode="continue"):
    return Joiner(Delivered.of([START, TextDelta(delivered)]), mode, Resumed(attempt=2, mode=mode, model="m"))


def hear(made, pieces):
    """What is delivered of `pieces`."""
    events = [event for piece in pieces for event in made.feed([TextDelta(piece)])] + made.end()
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def told(delivered, spoken, mode="continue"):
    """What is delivered of `spoken`, however it comes."""
    at_once, slowly = (hear(joiner(delivered, mode), pieces) for pieces in ([spoken], list(spoken)))
    assert at_once == slowly
    return at_once


@pytest.mark.parametrize("mode", BOTH)
def test_the_rest_is_passed_on_as_soon_as_it_is_known_to_be_new(mode):
    made = joiner("The quick brown", mode)
    assert made.feed([Started("x", "y"), TextDelta(" ")]) == []
    assert made.feed([TextDelta("fox")])[1:] == [TextDelta(" fox")]
    assert made.feed([TextDelta(" The")]) == [TextDelta(" The")]


@pytest.mark.parametrize(
    ("delivered", "spoken", "rest"),
    [
        ("He crossed the old bridge", "the old bridge at dawn", " at dawn"),
        ("He crossed the old bridge", "\n\nthe old bridge at dawn", " at dawn"),
        ("He crossed the old bridge ", "the old bridge at dawn", "at dawn"),
        ("He crossed the old bridge\n", "bridge\nat dawn", "bridge\nat dawn"),
        ("He crossed the old bridge", "old bridge", ""),
        ("他走过了那座很老的石头桥", "那座很老的石头桥,天亮了", ",天亮了"),
        ("I said so", "I said so, twice", ", twice"),
        ("Yes!", "Yes! Of course", " Of course"),
    ],
)
def test_words_that_are_said_again_are_left_out(delivered, spoken, rest):
    assert told(delivered, spoken) == rest


@pytest.mark.parametrize(
    ("delivered", "spoken"),
    [
        ("ha ha ha ha ha ha", " ha ha ha ha!"),
        ("| --- | --- |", " --- | --- |\n"),
        ("def f():\n        x()", "\n        y()"),
        ("Title\n====================", "====================\n"),
        ("We sang: row, row, row your boat, row, row, row your boat, ", "row, row, row your boat, gently"),
        ("the cat", "cats are fine"),
        ("1 0 1", " 0 1 1"),
        ("to be", "be or not"),
    ],
)
def test_a_rhythm_of_the_text_itself_is_no_repetition(delivered, spoken):
    assert told(delivered, spoken) == spoken


def test_a_provider_that_goes_on_by_itself_is_believed_but_for_an_echo():
    delivered = "We sang it once: over the hills"
    assert told(delivered, ", over the hills and far away", "prefill") == ", over the hills and far away"
    assert told("over the hills", "over the hills and away", "prefill") == " and away"
    assert told(delivered, delivered + " and", "prefill") == " and"
    assert told(delivered, "sang it once: over the hills and", "prefill") == " and"
    assert told("- name: x, kind: tree, height: 12\n", "- name: x, kind: tree, height: 34", "prefill") == (
        "- name: x, kind: tree, height: 34"
    )


@pytest.mark.parametrize("mode", BOTH)
def test_a_new_beginning_is_left_out_as_far_as_it_was_delivered(mode):
    assert told(LONG, LONG + " Dover.", mode) == " Dover."
    assert told(LONG + "\n", "\n\n" + LONG + "\n\nDover.", mode) == "\nDover."


@pytest.mark.parametrize("spoken", [LONG[:60] + "other", LONG[:60], LONG[:500] + "other"])
def test_a_new_beginning_in_other_words_is_another_answer(spoken):
    for pieces in ([spoken], list(spoken)):
        with pytest.raises(DivergedError):
            hear(joiner(LONG), pieces)


def test_an_end_like_the_beginning_is_a_run_up_and_no_new_beginning():
    refrain = "Row, row, row your boat, gently down the stream"
    assert told(f"{refrain}.\nMerrily, merrily.\n{refrain}", f"{refrain}. Dream!") == ". Dream!"


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize(
    ("delivered", "spoken", "joined"),
    [
        ("One. ", " Two", "One. Two"),
        ("One. ", "Two", "One. Two"),
        ("One.\n", "\n\nTwo", "One.\n\nTwo"),
        ("One.\n\n", "\nTwo", "One.\n\nTwo"),
        ("One: \n", " \n  two", "One: \n  two"),
        ("One.\n", "  two", "One.\n  two"),
        ("One.", "\n\nTwo", "One.\n\nTwo"),
        ("One. ", " ", "One. "),
    ],
)
def test_no_blank_is_lost_or_doubled(mode, delivered, spoken, joined):
    assert delivered + told(delivered, spoken, mode) == joined


@pytest.mark.parametrize("mode", BOTH)
def test_what_is_held_comes_before_whatever_follows(mode):
    call = [ToolCallStarted(slot=0, id="c", name="f"), ToolArgumentsDelta(0, "{}")]
    for following in (call, [CitationAdded(Citation(url="u"))], [Finished("length")]):
        made = joiner("It was the best of times", mode)
        assert made.feed([TextDelta("It was"), UsageReported(Usage())]) == []
        assert [e for e in made.feed(following) if not isinstance(e, Resumed | UsageReported)] == [
            TextDelta("It was"),
            *following,
        ]
        assert made.end() == []


def test_the_end_alone_may_be_missing():
    made = joiner("All is said.")
    assert made.feed([Started("x", "y"), Finished("stop")])[1:] == [Finished("stop")]


def test_thoughts_of_a_continuation_are_left_out():
    made = joiner("All is said")
    assert made.feed([ThinkingDelta("what was it?"), ThinkingSealed(signature="s")]) == []


def test_another_choice_is_no_business_of_ours():
    made = joiner("All is said")
    assert made.feed([TextDelta("All is", 1)])[1:] == [TextDelta("All is", 1)]


def test_white_space_without_end_is_not_held_for_ever():
    made = joiner("All is said ")
    heard = "".join(e.text for _ in range(900) for e in made.feed([TextDelta("\n")]) if isinstance(e, TextDelta))
    assert len(heard) > 400
