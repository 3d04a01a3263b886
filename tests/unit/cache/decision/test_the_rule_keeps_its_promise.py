"""By simulation, with curves that are known: the error over all calls stays under `max_error`."""

import math
import random

import pytest

from headworks.cache.decision.evidence import Candidate, Record, weigh
from headworks.cache.decision.pool import WARM
from headworks.cache.decision.rule import Decision

CALLS = 8_000


def chance(similarity: float, slope: float, place: float) -> float:
    return 1 / (1 + math.exp(-slope * (similarity - place)))


def simulate(max_error: float, seed: int, *, slope: float = 30.0, spread: float = 0.03) -> tuple[float, float]:
    """(hits, wrong) over all calls, of 50 entries whose curves lie beside each other by `spread`."""
    rng = random.Random(seed)
    decision = Decision()
    places = [rng.gauss(0.85, spread) for _ in range(50)]
    records = [Record(str(entry).encode()) for entry in range(50)]
    hits = wrong = 0
    for _ in range(CALLS):
        decision.called(max_error)
        if rng.random() < 0.3:
            continue  # nothing near
        entry = rng.randrange(50)
        similarity = min(1.0, rng.uniform(0.6, 1.02))
        evidence = weigh([Candidate(similarity, records[entry]), Candidate(similarity - 0.2, Record(b"another"))])
        assert evidence is not None
        choice = decision.decide(evidence, max_error, 0.02, rng)
        right = rng.random() < chance(similarity, slope, places[entry])
        if choice.exploit:
            hits += 1
            wrong += not right
        if choice.shadow or not choice.exploit:
            records[entry] = decision.learn(evidence, right=right)
    return hits / CALLS, wrong / CALLS


@pytest.mark.parametrize("max_error", [0.005, 0.01, 0.02, 0.05])
def test_the_error_over_all_calls_stays_under_what_is_allowed(max_error: float) -> None:
    runs = [simulate(max_error, seed) for seed in range(4)]
    assert sum(wrong for _, wrong in runs) / len(runs) <= max_error
    assert min(hits for hits, _ in runs) > 0.05


def test_more_error_allowed_serves_more() -> None:
    served = [simulate(max_error, 1)[0] for max_error in (0.005, 0.01, 0.02, 0.05)]
    assert served == sorted(served)
    assert served[0] < served[-1]


def test_what_similarity_says_nothing_of_is_hardly_served() -> None:
    hits, wrong = simulate(0.01, 1, slope=0.0)
    assert wrong <= 0.01
    assert hits <= 0.02


def test_nothing_is_served_before_enough_was_seen() -> None:
    decision, rng = Decision(), random.Random(1)
    evidence = weigh([Candidate(0.99, Record(b"a"))])
    assert evidence is not None
    for _ in range(WARM):
        decision.called(0.05)
        assert not decision.decide(evidence, 0.05, 1.0, rng).exploit
        decision.learn(evidence, right=True)
    for _ in range(100):
        decision.called(0.05)
    assert decision.decide(evidence, 0.05, 1.0, rng).exploit


def test_what_is_served_is_paid_for() -> None:
    decision, rng = warm(), random.Random(1)
    evidence = weigh([Candidate(0.99, Record(b"a"))])
    for _ in range(2_000):
        decision.called(0.001)
        decision.decide(evidence, 0.001, 0.0, rng)
        assert decision.budget.spent <= decision.budget.earned + 1e-9


def test_no_error_allowed_serves_nothing() -> None:
    decision, rng = warm(), random.Random(1)
    evidence = weigh([Candidate(1.0, Record(b"a"))])
    for _ in range(100):
        decision.called(0.0)
        assert not decision.decide(evidence, 0.0, 0.0, rng).exploit


def test_nothing_found_asks_the_model() -> None:
    choice = warm().decide(weigh([]), 0.05, 1.0, random.Random(1))
    assert (choice.exploit, choice.bound, choice.shadow) == (False, 0.0, False)


def test_a_share_of_what_is_served_is_checked() -> None:
    decision, rng = warm(), random.Random(1)
    evidence = weigh([Candidate(1.0, Record(b"a"))])
    choices = []
    for _ in range(2_000):
        decision.called(0.05)
        choices.append(decision.decide(evidence, 0.05, 0.1, rng))
    served = [choice for choice in choices if choice.exploit]
    assert len(served) > 1_000
    assert sum(choice.shadow for choice in served) / len(served) == pytest.approx(0.1, abs=0.03)


def warm() -> Decision:
    """A rule that has seen right answers near and wrong ones far."""
    decision, rng = Decision(), random.Random(3)
    for _ in range(500):
        similarity = rng.uniform(0.6, 1.0)
        evidence = weigh([Candidate(similarity, Record(b"a"))])
        assert evidence is not None
        decision.learn(evidence, right=similarity > 0.8)
    return decision
