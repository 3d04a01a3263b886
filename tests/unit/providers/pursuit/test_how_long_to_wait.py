"""How long an attempt may take: by pattern, by provider, and never more than is left of its call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.policy import PATTERNS, Patience, Policy
from headworks.providers.link import Link, Timeouts
from headworks.providers.pursuit.limits import (
    PROBE_S,
    fits,
    for_probe,
    for_whole,
    hurried,
    usual_patience,
    within,
)

LINK = Link(name="p", dialect="openai", base_url="http://x")
SECONDS = st.floats(0.01, 1000)
PATIENCE = st.builds(Patience, connect_s=SECONDS, first_byte_s=SECONDS, idle_s=SECONDS, total_s=SECONDS)


def test_an_ask_for_reasoning_is_given_longer_unless_the_feature_says_how_long():
    assert usual_patience(Policy(), reasoning=False) is PATTERNS["interactive"]
    assert usual_patience(Policy(), reasoning=True) is PATTERNS["reasoning"]
    own = Patience(first_byte_s=1)
    assert usual_patience(Policy(patience=own), reasoning=True) is own


@pytest.mark.parametrize(("tokens", "seconds"), [(100, 30.0), (None, 25 + 102.4), (100_000, 300.0)])
def test_a_whole_reply_may_take_as_long_as_it_takes_to_write(tokens, seconds):
    whole = for_whole(Patience(), LINK, tokens)
    assert whole.first_byte_s == whole.idle_s == whole.total_s == seconds


def test_a_first_byte_time_of_the_provider_counts_as_it_is():
    link = Link(name="p", dialect="openai", base_url="http://x", timeouts=Timeouts(first_byte_s=2))
    patience = link.timeouts.over(Patience())
    assert for_whole(patience, link, 10_000).first_byte_s == 2


def test_a_probe_is_not_waited_for_as_long():
    assert for_probe(Patience()).first_byte_s == PROBE_S
    assert for_probe(Patience(first_byte_s=1)).first_byte_s == 1
    assert for_probe(Patience()).total_s == Patience().total_s


@given(PATIENCE, SECONDS, SECONDS, st.booleans())
def test_no_attempt_is_given_more_than_is_left(patience, left_s, begin_left_s, alone):
    given = patience if fits(patience, left_s, begin_left_s) else within(patience, left_s, begin_left_s, alone=alone)
    assert given.total_s <= left_s
    assert given.first_byte_s <= begin_left_s
    assert alone or given.first_byte_s <= 0.6 * begin_left_s
    for name in ("connect_s", "first_byte_s", "idle_s", "total_s"):
        assert 0 < getattr(given, name) <= getattr(patience, name)


@pytest.mark.parametrize(
    ("first_byte_s", "known_s", "was_hurried"),
    [
        (1.0, None, True),
        (6.25, None, False),
        (1.0, 0.5, True),
        (1.5, 0.5, False),
        (24.0, 20.0, True),
        (25.0, 20.0, False),
    ],
)
def test_who_has_not_waited_long_enough_cannot_blame_the_provider(first_byte_s, known_s, was_hurried):
    had = Patience(first_byte_s=first_byte_s)
    assert hurried(had, Patience(), known_s, begun=False) is was_hurried


@pytest.mark.parametrize(("total_s", "was_hurried"), [(10.0, True), (300.0, False)])
def test_nor_can_who_had_not_time_for_a_whole_answer(total_s, was_hurried):
    assert hurried(Patience(total_s=total_s), Patience(), None, begun=True) is was_hurried
