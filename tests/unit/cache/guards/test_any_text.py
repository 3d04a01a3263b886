"""What holds for every text: no error, symmetry, and nothing differs from itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.guards import differs, read

_PIECES = """
who How why Is not don't never from to into and or vs than with without of in the a my your one two 3 4.5 1,000 5km $5
5% II first second May monday today twenty million US IT Rome Paris buy sell open close `x=1` f(x) == / + - node.js C++
a@b.com wie nicht von nach où pas de ¿qué no 天気 . ? ! ; what's year 10:30 2024-01-05 1st `` ``` été
"""
_WORDS = st.sampled_from([*_PIECES.split(), "\n", ""])
SENTENCES = st.lists(_WORDS, max_size=25).map(" ".join)
TEXTS = st.one_of(st.text(max_size=200), SENTENCES)


@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared_both_ways_alike(a: str, b: str) -> None:
    assert differs(read(a), read(b)) == differs(read(b), read(a))


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert differs(read(text), read(text)) is None


@given(SENTENCES, st.sampled_from(["  ", "\n", "\t", " \r\n "]), st.sampled_from(["", "?", ". ", "?!", "..."]))
def test_white_space_first_letter_and_end_do_not_matter(text: str, space: str, end: str) -> None:
    text = text.strip()
    other = space.join(text.split()) + end
    assert differs(read(text), read(other[:1].swapcase() + other[1:])) is None


@pytest.mark.parametrize(
    "piece",
    [
        *("a", "1", "1,", "1.", "'", "a'", "`", "``", "-", " - ", "1-", "(", ")", "a(", "a(a,", "{", ";\n", ".", ". "),
        *("\u0301", "不", "\ud800", "\x00", "a.a(", "</", "don't ", "one two ", "from a to b ", "not ", "1 km "),
    ],
)
@pytest.mark.parametrize("count", [1_000, 200_000])
def test_hostile_text_is_read_to_its_end(piece: str, count: int) -> None:
    reading = read(piece * count)
    assert differs(reading, read(piece * count)) is None
