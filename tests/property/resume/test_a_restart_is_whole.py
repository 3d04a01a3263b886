"""However an answer is cut and told again, the client has the second telling's text exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.resume.conftest import (
    ANY_TEXT,
    END,
    SEAM,
    START,
    TEXTS,
    count,
    join,
    pieces_of,
    resumed,
    said,
    sized,
    text_of,
)

from headworks.core.replies import Finished, Resumed, Started, TextDelta
from headworks.providers.resume import Delivered, DivergedError, Joiner


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("script", TEXTS)
def test_cut_after_every_character(script, size):
    whole = TEXTS[script]
    again = [[Started("second-id", "other")], *([piece] for piece in said(sized(whole, size))), END]
    for place in range(len(whole) + 1):
        events = resumed([START, *said(sized(whole[:place], 4))], "restart", again)
        assert text_of(events) == whole
        assert [count(events, kind) for kind in (Started, Resumed, Finished)] == [1, 1, 1]


@given(ANY_TEXT, st.data())
def test_any_text_and_any_pieces(whole, data):
    place = data.draw(st.integers(0, len(whole)))
    before = [START, *said(data.draw(pieces_of(whole[:place])))]
    again = said(data.draw(pieces_of(whole)))
    grouped = data.draw(st.booleans())
    chunks = [again] if grouped else [[event] for event in again]
    assert text_of(resumed(before, "restart", [[START], *chunks, END])) == whole


@given(ANY_TEXT, st.data())
def test_any_number_of_breaks_in_a_row(whole, data):
    """What a joiner lets through counts as delivered when its attempt breaks too."""
    events = [START]
    for _ in range(data.draw(st.integers(1, 5))):
        joiner = Joiner(Delivered.of(events), "restart", SEAM)
        broken = whole[: data.draw(st.integers(0, len(whole)))]
        for event in [START, *said(data.draw(pieces_of(broken)))]:
            events += joiner.feed([event])
    events = resumed(events, "restart", [[START], said(data.draw(pieces_of(whole))), END])
    assert text_of(events) == whole
    assert count(events, Finished) == 1


@given(ANY_TEXT, ANY_TEXT, st.data())
def test_another_text_is_never_mixed_in(whole, other, data):
    """Either the joined text is the second telling's, or nothing new was let through before it was given up."""
    place = data.draw(st.integers(1, len(whole)))
    joiner = Joiner(Delivered.of([START, TextDelta(whole[:place])]), "restart", SEAM)
    let_through = []
    try:
        for piece in data.draw(pieces_of(other)):
            let_through += joiner.feed([TextDelta(piece)])
        let_through += joiner.feed(END) + joiner.end()
    except DivergedError:
        assert let_through == []
        assert not other.startswith(whole[:place])
    else:
        assert whole[:place] + text_of(let_through) == other


@given(st.lists(ANY_TEXT, min_size=2, max_size=3), st.data())
def test_several_choices_each_for_itself(wholes, data):
    def mixed(texts):
        queues = [[TextDelta(piece, number) for piece in data.draw(pieces_of(text))] for number, text in texts]
        order = data.draw(st.permutations([number for number, queue in enumerate(queues) for _ in queue]))
        return [queues[number].pop(0) for number in order]

    cuts = [(n, text[: data.draw(st.integers(0, len(text)))]) for n, text in enumerate(wholes)]
    before = mixed(cuts)
    again = mixed(enumerate(wholes)) + [Finished("stop", number) for number in range(len(wholes))]
    events = before + join(Delivered.of(before), "restart", [[event] for event in again])
    for number, whole in enumerate(wholes):
        assert text_of(e for e in events if getattr(e, "choice", None) == number) == whole
    assert count(events, Finished) == len(wholes)
