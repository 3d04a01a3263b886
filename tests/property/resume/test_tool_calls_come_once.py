"""A stream with tool calls may be cut anywhere: every call is delivered exactly once, with arguments that parse."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.resume.conftest import END, SEAM, START, calls_of, count, join, resumed, text_of, tool_calls

from headworks.core.replies import Finished, Started, TextDelta, ToolCallStarted
from headworks.providers.resume import Delivered, DivergedError, Joiner

TEXT = "Let me look that up für Sie 🔎."
CALLS = [("weather", '{"city": "Zürich 🏔"}'), ("weather", '{"city": "東京"}'), ("time", "{}")]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=5,
)
CALL = st.tuples(
    st.sampled_from(["weather", "time", "search"]), st.dictionaries(st.text("kß", max_size=3), VALUES, max_size=3)
)


def answer(calls, size=5):
    return [START, TextDelta(TEXT), *tool_calls(calls, size), Finished("tool_calls")]


def values(calls):
    return [(name, json.loads(arguments)) for name, arguments in calls]


def spelt(calls, **how):
    return [(name, json.dumps(value, ensure_ascii=False, **how)) for name, value in calls]


@pytest.mark.parametrize("sizes", list(itertools.product([1, 4, 100], [1, 3, 100])))
def test_cut_everywhere(sizes):
    first, second = answer(CALLS, sizes[0]), answer(CALLS, sizes[1])
    for place in range(len(first)):
        events = resumed(first[:place], "restart", [[event] for event in second])
        assert calls_of(events) == CALLS
        assert text_of(events) == TEXT
        assert [count(events, kind) for kind in (Started, Finished)] == [1, 1]


@given(st.lists(CALL, min_size=1, max_size=4), st.data())
def test_any_calls_cut_anywhere_any_number_of_times(calls, data):
    calls = spelt(calls)
    events = []
    for _ in range(data.draw(st.integers(1, 4))):
        attempt = answer(calls, data.draw(st.integers(1, 9)))[: data.draw(st.integers(0, 60))]
        joiner = Joiner(Delivered.of(events), "restart", SEAM)
        for event in attempt[:-1]:
            events += joiner.feed([event])
    events = resumed(events, "restart", [[event] for event in answer(calls, 3)])
    assert sorted(calls_of(events)) == sorted(calls)
    assert text_of(events) == TEXT


@given(st.lists(CALL, min_size=1, max_size=4, unique_by=str), st.data())
def test_complete_calls_may_come_again_in_another_order_and_spacing(calls, data):
    delivered = data.draw(st.integers(1, len(calls)))
    before = [START, TextDelta(TEXT), *tool_calls(spelt(calls[:delivered]))]
    again = answer(spelt(data.draw(st.permutations(calls)), separators=(" ,  ", ": ")))
    events = resumed(before, "restart", [[event] for event in again])
    assert sorted(values(calls_of(events)), key=str) == sorted(calls, key=str)


def test_a_complete_call_is_not_repeated_when_the_model_words_it_differently():
    before = [START, *tool_calls([("weather", '{"city":"Paris"}')])]
    again = [*tool_calls([("weather", '{"city":"Paris, France"}'), ("time", '{"zone":"CET"}')]), *END]
    assert calls_of(resumed(before, "restart", [again])) == [
        ("weather", '{"city":"Paris"}'),
        ("time", '{"zone":"CET"}'),
    ]


def test_the_call_that_was_begun_finds_its_own_rest_among_others():
    before = [START, *tool_calls([("weather", '{"city":"Paris"}'), ("weather", '{"city":"Lo')])]
    other_order = [*tool_calls([("weather", '{"city":"London"}'), ("weather", '{"city":"Paris"}')]), *END]
    expected = [("weather", '{"city":"Paris"}'), ("weather", '{"city":"London"}')]
    assert calls_of(resumed(before, "restart", [other_order])) == expected
    in_other_words = [*tool_calls([("weather", '{"city":"London"}'), ("weather", '{"city":"Paris, F"}')]), *END]
    assert calls_of(resumed(before, "restart", [in_other_words])) == expected


def test_a_new_call_gets_a_free_slot_and_an_id_of_its_own():
    before = [START, ToolCallStarted(slot=3, id="same", name="a")]
    again = [ToolCallStarted(slot=0, id="x", name="a"), ToolCallStarted(slot=1, id="same", name="b"), *END]
    *_, new = [event for event in resumed(before, "restart", [again]) if isinstance(event, ToolCallStarted)]
    assert (new.slot, new.id, new.name) == (4, "same_4", "b")


@pytest.mark.parametrize(
    "again",
    [
        [("time", '{"city":"Paris"}')],
        [("weather", '{ "city":"Paris"}')],
        [("weather", '{"ci')],
        [],
    ],
    ids=["another tool", "another spacing", "less of it", "no call"],
)
def test_a_call_that_was_begun_must_be_finished_as_it_was_begun(again):
    delivered = Delivered.of([START, *tool_calls([("weather", '{"city":"Pa')])])
    with pytest.raises(DivergedError):
        join(delivered, "restart", [[TextDelta("So: "), *tool_calls(again), *END]])


def test_nothing_is_let_through_of_an_attempt_that_lacks_a_delivered_call():
    joiner = Joiner(Delivered.of([START, *tool_calls([("weather", "{}")])]), "restart", SEAM)
    assert joiner.feed([TextDelta("Sunny."), *tool_calls([("time", "{}")])]) == []
    with pytest.raises(DivergedError, match="`weather`"):
        joiner.feed(END)


def test_arguments_of_a_call_that_never_began_are_not_guessed_at():
    joiner = Joiner(Delivered.of([START]), "restart", SEAM)
    with pytest.raises(DivergedError):
        joiner.feed([*tool_calls([("weather", "{}")])[1:]])
