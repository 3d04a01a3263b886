"""A model that is asked to go on goes on exactly, says its last words again, or begins anew: the text is the same."""

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.resume.conftest import END, SEAM, START, TEXTS, count, pieces_of, resumed, said, sized, text_of

from headworks.core.replies import Finished, Resumed
from headworks.providers.resume import Delivered, DivergedError, Joiner
from headworks.providers.resume.repeats import PLAIN, WINDOW

WORDS = {
    "latin": "anchor bridge copper dagger ember fjord granite hollow island jungle kettle lantern",
    "cyrillic": "якорь берег вечер город дверь ельник жёлудь зима игла камень лампа место",  # noqa: RUF001  letters of that alphabet
    "arabic": "بحر قمر شمس جبل نهر ليل باب كتاب مدينة طريق سماء غابة",
    "hindi": "सागर क्षेत्र पर्वत नदी रात्रि द्वार पुस्तक नगर मार्ग आकाश वन दीपक",
    "emoji": "👩‍👩‍👧‍👦 🇿🇦🇩🇪 👍🏽👎 ❤️‍🔥🌊 🏔️🦌🌲 🧭🗺️ 🎻🎺🥁 🍇🍈🍉 🚲🚂✈️ ⌛⏰📅",
}
BLANKS = [" ", " ", " ", "\n", "\n\n", "\r\n", "\n- ", "  "]
SIZES = [1, 3, 1000]


def shown(delivered):
    """What a model is shown of it, and goes on from."""
    return Delivered.of(said([delivered])).continuable_text


def check(whole, place, mode, spoken, size):
    events = resumed([START, *said(sized(whole[:place], 4))], mode, [*([e] for e in said(sized(spoken, size))), END])
    assert text_of(events) == whole, (whole[:place], spoken)
    assert [count(events, kind) for kind in (Resumed, Finished)] == [1, 1]


@st.composite
def stories(draw):
    """Text in which nothing is said twice."""
    words = draw(st.permutations(WORDS[draw(st.sampled_from(sorted(WORDS)))].split()))
    blanks = draw(st.lists(st.sampled_from(BLANKS), min_size=len(words), max_size=len(words)))
    return "".join(itertools.chain.from_iterable(zip(words, blanks, strict=True)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["prefill", "continue"])
@pytest.mark.parametrize("script", TEXTS)
def test_going_on_exactly_from_every_character(script, mode, size):
    whole = TEXTS[script]
    for place in range(1, len(whole) + 1):
        check(whole, place, mode, whole[len(shown(whole[:place])) :], size)


@pytest.mark.parametrize("script", TEXTS)
def test_going_on_behind_the_blank_which_it_was_not_shown(script):
    whole = TEXTS[script]
    for place in range(1, len(whole) + 1):
        if not (whole[place - 1].isspace() and whole[place : place + 1].isspace()):
            check(whole, place, "continue", whole[place:], 3)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["prefill", "continue"])
@pytest.mark.parametrize("script", TEXTS)
def test_saying_the_last_words_again(script, mode, size):
    whole = TEXTS[script]
    fewest = 12 if mode == "continue" else 28
    for place, extra in itertools.product(range(fewest + 20, len(whole), 3), (0, 7)):
        begin = len(shown(whole[:place])) - fewest - extra
        check(whole, place, mode, whole[begin:], size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["prefill", "continue"])
@pytest.mark.parametrize("script", TEXTS)
def test_beginning_anew(script, mode, size):
    whole = TEXTS[script]
    for place in range(6, len(whole) + 1):
        check(whole, place, mode, whole, size)
        check(whole, place, mode, "\n" + whole, size)


@given(stories(), st.sampled_from(["prefill", "continue"]), st.data())
def test_any_story_exactly_or_with_a_run_up(whole, mode, data):
    place = data.draw(st.integers(6, len(whole)))
    end = len(shown(whole[:place]))
    run_ups = range(26 if mode == "prefill" else 10, end)
    back = data.draw(st.sampled_from([0, end, *run_ups]))
    assume(back != end or len(set(whole[:place])) > PLAIN)  # so little may as well be the text's own rhythm
    spoken = data.draw(pieces_of(whole[end - back :]))
    events = resumed(said([whole[:place]]), mode, [said(spoken), END])
    assert text_of(events) == whole


@given(stories(), st.data())
def test_several_breaks_in_several_modes(whole, data):
    events = said([whole[: data.draw(st.integers(8, len(whole)))]])
    for mode in [*data.draw(st.lists(st.sampled_from(["prefill", "continue", "restart"]), max_size=4)), "continue"]:
        had = text_of(events)
        rest = whole if mode == "restart" else whole[len(shown(had)) :]
        joiner = Joiner(Delivered.of(events), mode, SEAM)
        for piece in data.draw(pieces_of(rest[: data.draw(st.integers(0, len(rest)))])):
            events += joiner.feed(said([piece]))
        assert whole.startswith(text_of(events))
    end = len(shown(text_of(events)))
    events = resumed(events, "prefill", [said(data.draw(pieces_of(whole[end:]))), END])
    assert text_of(events) == whole


@given(
    st.text(st.sampled_from("ab \n"), max_size=900),
    st.text(st.sampled_from("ab \n"), max_size=1500),
    st.integers(1, 30),
    st.sampled_from(["prefill", "continue"]),
)
def test_no_more_than_the_window_is_held_back(delivered, spoken, size, mode):
    """Even where both are one long repetition."""
    joiner = Joiner(Delivered.of(said([delivered])), mode, SEAM)
    held, heard = [], ""
    try:
        for number, piece in enumerate(sized(spoken, size), 1):
            heard += text_of(joiner.feed(said([piece])))
            held.append(min(number * size, len(spoken)) - len(heard))
        heard += text_of(joiner.end())
    except DivergedError:
        return
    left_out = len(spoken) - len(heard)
    assert spoken.endswith(heard)
    assert max(held, default=0) <= left_out + 2 * WINDOW + size
