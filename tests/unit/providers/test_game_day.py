"""Faults of a game day: aimed, shared between workers, ended by the clock."""

import random

import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Target
from headworks.providers.faults import FILE, KINDS, Fault, GameDay, failure
from headworks.testing import FakeClock

HOME = Target(name="fast", provider="home", provider_model="m", dialect="openai")
AWAY = Target(name="slow", provider="away", provider_model="m", dialect="openai")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def game_day(tmp_path, clock):
    return GameDay(tmp_path, clock, random.Random(1))


def test_a_fault_strikes_its_provider_until_its_time_is_over(game_day, clock):
    game_day.inject(Fault(fault="down", provider="home"), 60)
    assert game_day.find(HOME, 0) is not None
    assert game_day.find(AWAY, 0) is None
    clock.advance(60)
    assert game_day.find(HOME, 0) is None
    assert game_day.all() == []


def test_another_worker_sees_it_within_a_second_and_sees_its_end(game_day, clock, tmp_path):
    other = GameDay(tmp_path, clock, random.Random(1))
    assert other.find(HOME, 0) is None
    game_day.inject(Fault(fault="errors", provider="home"), 60)
    clock.advance(1)
    assert other.find(HOME, 0) is not None
    game_day.clear()
    clock.advance(1)
    assert other.find(HOME, 0) is None


def test_it_may_be_aimed_at_a_model_a_key_or_a_share(game_day):
    game_day.inject(Fault(fault="down", provider="home", model="other"), 60)
    assert game_day.find(HOME, 0) is None
    game_day.inject(Fault(fault="revoked-key", provider="home"), 60)
    assert game_day.find(HOME, 0) is not None
    assert game_day.find(HOME, 1) is None
    game_day.clear()
    game_day.inject(Fault(fault="errors", provider="home", share=0.5), 60)
    struck = sum(game_day.find(HOME, 0) is not None for _ in range(1000))
    assert 400 < struck < 600


def test_a_fault_of_the_same_kind_and_aim_is_replaced(game_day):
    game_day.inject(Fault(fault="errors", provider="home", share=0.5), 60)
    game_day.inject(Fault(fault="errors", provider="home", share=0.1), 60)
    assert [fault.share for fault in game_day.all()] == [0.1]


@pytest.mark.parametrize("seconds", [0, -1, 10**9, float("nan")])
def test_a_time_without_sense_is_refused(game_day, seconds):
    with pytest.raises(BadAskError):
        game_day.inject(Fault(fault="down", provider="home"), seconds)


@pytest.mark.parametrize("share", [0, -1, 1.1, float("nan")])
def test_a_share_without_sense_is_refused(game_day, share):
    with pytest.raises(BadAskError):
        game_day.inject(Fault(fault="down", provider="home", share=share), 60)


def test_a_clock_that_is_set_back_does_not_keep_a_fault_for_ever(game_day, clock):
    game_day.inject(Fault(fault="down", provider="home"), 60)
    clock.jump(-10 * 24 * 3600)
    assert game_day.find(HOME, 0) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[{}]", b'[{"fault": "x", "provider": "home"}]'])
def test_a_broken_file_injects_nothing(game_day, tmp_path, text):
    (tmp_path / FILE).write_bytes(text)
    assert game_day.find(HOME, 0) is None


def test_each_kind_fails_a_call_at_once_or_strikes_later():
    at_once = {kind for kind in KINDS if failure(Fault(fault=kind, provider="home"))}
    assert at_once == {"down", "errors", "rate-limited", "revoked-key"}
