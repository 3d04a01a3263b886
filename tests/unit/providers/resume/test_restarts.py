"""An answer told again from its beginning: what was delivered is left out, channel by channel."""

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
from headworks.providers.resume import Delivered, DivergedError, Joiner

START = Started("id", "model")
SEAM = Resumed(attempt=2, mode="restart", model="other")
END = Finished("stop")


def joiner(*before):
    return Joiner(Delivered.of([START, *before]), "restart", SEAM)


def rest(*before, again):
    made = joiner(*before)
    return [*made.feed([Started("x", "y"), *again]), *made.end()]


def tell(made, again, told):
    for event in again:
        told += made.feed([event])
    made.end()


def logprobs(*tokens, choice=0):
    return LogprobsDelta([{"token": token, "logprob": -1.0} for token in tokens], choice)


def test_a_piece_may_lie_across_the_seam():
    assert rest(TextDelta("Hel"), again=[TextDelta("Hello"), END]) == [SEAM, TextDelta("lo"), END]


def test_the_seam_is_told_with_the_first_new_word_and_only_once():
    made = joiner(TextDelta("ab"))
    assert made.feed([Started("x", "y")]) == made.feed([TextDelta("ab")]) == []
    assert made.feed([TextDelta("c")]) == [SEAM, TextDelta("c")]
    assert made.feed([TextDelta("d"), END]) == [TextDelta("d"), END]
    assert made.end() == []


def test_an_answer_of_which_only_the_end_is_missing():
    assert rest(TextDelta("all"), again=[TextDelta("all"), END]) == [SEAM, END]


def test_a_stream_of_which_nothing_came_begins_behind_the_seam():
    made = Joiner(Delivered.of([]), "restart", SEAM)
    assert made.feed([Started("x", "y")]) == [SEAM, Started("x", "y")]
    assert made.feed([TextDelta("a"), Embedded([])]) == [TextDelta("a"), Embedded([])]
    assert made.feed([TextDelta(""), ToolArgumentsDelta(0, " ")]) == []


def test_usage_alone_is_no_reason_to_tell_the_seam():
    usage = UsageReported(Usage(input_tokens=7, output_tokens=1))
    made = joiner(TextDelta("ab"))
    assert made.feed([usage]) == made.feed([TextDelta("ab")]) == []
    assert made.feed([TextDelta("c")]) == [SEAM, usage, TextDelta("c")]
    alone = joiner()
    assert alone.feed([usage]) == []
    assert alone.end() == [SEAM, usage]


@pytest.mark.parametrize(
    "again",
    [
        [TextDelta("Good day"), END],
        [TextDelta("Go"), END],
        [END],
        [],
        [RefusalDelta("I cannot"), END],
        [TextDelta("Good Evening"), END],
    ],
)
def test_another_answer_is_not_joined_and_nothing_of_it_is_told(again):
    made = joiner(TextDelta("Good evening"))
    told = []
    with pytest.raises(DivergedError) as failed:
        tell(made, again, told)
    assert told == []
    assert (failed.value.code, failed.value.retryable) == ("stream_interrupted", True)
    assert "evening" not in failed.value.message


def test_a_refusal_is_matched_like_text():
    assert rest(RefusalDelta("I can"), again=[RefusalDelta("I cannot."), END]) == [SEAM, RefusalDelta("not."), END]
    with pytest.raises(DivergedError):
        rest(RefusalDelta("I can"), again=[TextDelta("Sure!"), END])


def test_new_words_wait_until_all_that_was_delivered_is_said():
    call = ToolCallStarted(slot=0, id="c", name="f")
    again = [
        ToolCallStarted(slot=0, id="d", name="f"),
        ToolArgumentsDelta(0, '{"a":1}'),
    ]
    made = joiner(TextDelta("So"), call, ToolArgumentsDelta(0, '{"a'))
    assert made.feed([TextDelta("So, then")]) == []
    assert made.feed(again) == [SEAM, TextDelta(", then"), ToolArgumentsDelta(0, '":1}')]


def test_log_probabilities_go_on_with_their_tokens():
    before = [TextDelta("ab"), logprobs("a", "b", "")]
    again = [TextDelta("abc"), logprobs("a"), logprobs("b", "", "c"), logprobs(""), END]
    new = [SEAM, TextDelta("c"), logprobs("", "c"), logprobs(""), END]
    assert rest(*before, again=again) == new
    with pytest.raises(DivergedError, match="tokens"):
        rest(*before, again=[TextDelta("abc"), logprobs("a", "bc"), END])


def test_sources_are_named_once():
    first, second = Citation(url="u", wire={"index": "1"}), Citation(url="v")
    again = [
        TextDelta("high"),
        CitationAdded(Citation(url="u", wire={"index": "2"})),
        TextDelta(" lo"),
        CitationAdded(Citation(url="another for words that are told already")),
        TextDelta("w"),
        CitationAdded(second),
        CitationAdded(first),
        END,
    ]
    before = [TextDelta("high"), CitationAdded(first), TextDelta(" low")]
    assert rest(*before, again=again) == [SEAM, CitationAdded(second), CitationAdded(first), END]


def test_a_choice_that_had_finished_is_left_alone():
    before = [TextDelta("a"), END, TextDelta("x", 1)]
    again = [TextDelta("a"), END, TextDelta("xy", 1), Finished("stop", 1)]
    assert rest(*before, again=again) == [SEAM, TextDelta("y", 1), Finished("stop", 1)]
    with pytest.raises(DivergedError):
        rest(*before, again=[TextDelta("ab"), END, TextDelta("xy", 1), Finished("stop", 1)])


def test_thoughts_come_too_late_once_there_is_text():
    thought = [ThinkingDelta("other"), ThinkingSealed(signature="s"), ThinkingSealed(redacted="r")]
    assert rest(TextDelta("a"), again=[*thought, TextDelta("ab"), END]) == [SEAM, TextDelta("b"), END]
    call = ToolCallStarted(slot=0, id="c", name="f")
    assert rest(call, again=[*thought, call, ToolArgumentsDelta(0, "{}"), END]) == [
        SEAM,
        ToolArgumentsDelta(0, "{}"),
        END,
    ]


def test_thoughts_before_any_other_word_are_told():
    thought = [ThinkingDelta("hm"), ThinkingSealed(signature="s")]
    assert rest(again=[*thought, TextDelta("a"), END]) == [SEAM, *thought, TextDelta("a"), END]
