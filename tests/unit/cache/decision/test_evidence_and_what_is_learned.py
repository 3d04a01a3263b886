import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.decision.evidence import Candidate, Evidence, Record, weigh
from headworks.cache.decision.pool import Pool
from headworks.cache.decision.rule import Decision
from headworks.cache.decision.sigmoid import sigmoid

similarities = st.floats(0.5, 1.0)


def taught(seed: int = 1, count: int = 2_000) -> Pool:
    """A pool that has seen a curve around 0.8, of questions with and without others near."""
    pool, rng = Pool(), random.Random(seed)
    for _ in range(count):
        similarity, margin = rng.uniform(0.5, 1.0), rng.uniform(0.0, 0.4)
        evidence = Evidence(similarity, margin, rng.randrange(5), rng.random() < 0.2, Record(b"a"))
        pool.learn(evidence, right=rng.random() < sigmoid(25 * (similarity - 0.8) + 4 * (margin - 0.2)))
    return pool


POOL = taught()


@given(similarities, similarities, st.floats(0.0, 0.5), st.integers(0, 4), st.booleans())
def test_nearer_never_lowers_the_bound(one: float, two: float, margin: float, kin: int, doubted: bool) -> None:
    low, high = sorted((one, two))
    near, far = (Evidence(similarity, margin, kin, doubted, Record(b"a")) for similarity in (high, low))
    assert POOL.bound(near) >= POOL.bound(far) - 1e-12


@given(st.lists(st.tuples(st.floats(-20, 20), st.booleans()), max_size=40), st.floats(-20, 20))
def test_wrong_never_raises_a_record_and_right_never_lowers_it(past: list[tuple[float, bool]], pooled: float) -> None:
    record = Record(b"a")
    for logit, right in past:
        record = record.learned(logit, right=right)
    assert record.learned(pooled, right=False).lean <= record.lean
    assert record.learned(pooled, right=True).lean >= record.lean
    assert 0 < record.learned(pooled, right=True).doubt <= record.doubt


@given(similarities, st.floats(0.0, 0.5), st.integers(0, 4), st.booleans())
def test_wrong_never_raises_the_bound(similarity: float, margin: float, kin: int, doubted: bool) -> None:
    decision = Decision(pool=msgspec.json.decode(msgspec.json.encode(POOL), type=Pool))
    evidence = Evidence(similarity, margin, kin, doubted, Record(b"a"))
    before = decision.pool.bound(evidence)
    record = decision.thumbs_down(evidence)
    assert decision.pool.bound(Evidence(similarity, margin, kin, doubted, record)) <= before


def test_an_entry_that_disappoints_is_trusted_less_than_others() -> None:
    pool, record = taught(), Record(b"a")
    for _ in range(10):
        record = record.learned(3.0, right=False)
    disappointing = Evidence(0.95, 0.2, 0, False, record)
    assert pool.bound(disappointing) < pool.bound(Evidence(0.95, 0.2, 0, False, Record(b"b"))) - 0.2
    assert (record.right, record.wrong) == (0, 10)


@pytest.mark.parametrize("right", [True, False])
def test_all_alike_for_ever_stays_finite(right: bool) -> None:
    pool, record = Pool(), Record(b"a")
    for _ in range(20_000):
        record = pool.learn(Evidence(1.0, 0.7, 0, False, record), right=right)
    bound = pool.bound(Evidence(1.0, 0.7, 0, False, record))
    assert bound > 0.99 if right else bound < 0.01
    assert all(math.isfinite(weight) for weight in pool.weights)
    assert all(0 < pool.spread[at][at] < 100 for at in range(len(pool.weights)))


def test_the_bound_rises_with_evidence_of_the_same_kind() -> None:
    few, many = taught(count=100), taught(count=5_000)
    evidence = Evidence(0.98, 0.3, 1, False, Record(b"a"))
    assert few.bound(evidence) < many.bound(evidence)


def test_a_pool_follows_a_change() -> None:
    pool, evidence = taught(), Evidence(0.95, 0.2, 0, False, Record(b"a"))
    before = pool.bound(evidence)
    for _ in range(3_000):
        pool.learn(evidence, right=False)
    assert before > 0.8
    assert pool.bound(evidence) < 0.2


@pytest.mark.parametrize("similarity", [math.nan, -math.inf, -1.0, 0.0, 0.499])
def test_too_far_or_no_number_is_no_evidence(similarity: float) -> None:
    assert weigh([Candidate(similarity, Record(b"a"))]) is None


def test_over_one_by_rounding_is_one() -> None:
    evidence = weigh([Candidate(1.0000002, Record(b"a")), Candidate(1.0000001, Record(b"b"))])
    assert evidence is not None
    assert (evidence.similarity, evidence.margin) == (1.0, 0.0)


def test_neighbours_of_the_same_answer_agree_and_the_next_other_answer_makes_the_margin() -> None:
    a, b = Record(b"a"), Record(b"b")
    found = [Candidate(0.9, a, True), Candidate(0.88, a), Candidate(0.8, b), Candidate(0.7, b), Candidate(0.6, a)]
    evidence = weigh(found)
    assert evidence is not None
    assert evidence.margin == pytest.approx(0.1)
    assert (evidence.kin, evidence.doubted, evidence.record) == (2, True, a)
    assert weigh([*found, Candidate(0.6, a)]) == evidence


def test_no_number_among_the_neighbours_is_passed_over() -> None:
    evidence = weigh([Candidate(0.9, Record(b"a")), Candidate(math.nan, Record(b"b"))])
    assert evidence is not None
    assert evidence.margin == pytest.approx(0.6)


def test_a_logit_that_is_no_number_decides_nothing() -> None:
    assert sigmoid(math.nan) == 0.5
    assert 0 < sigmoid(-math.inf) < 1e-12
    assert 1 - 1e-12 < sigmoid(math.inf) < 1


def test_what_was_learned_is_kept_as_bytes() -> None:
    decision = Decision(pool=taught(count=50))
    evidence = Evidence(0.9, 0.1, 1, True, Record(b"\x00\xff", -0.5, 0.4, 3, 2))
    for kind, value in ((Decision, decision), (Evidence, evidence), (Record, evidence.record)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind) == value
    assert len(msgspec.msgpack.encode(evidence.record)) < 40


def test_two_nodes_that_share_observations_believe_the_same() -> None:
    here, there, rng = Pool(), Pool(), random.Random(5)
    for _ in range(200):
        evidence = Evidence(rng.uniform(0.5, 1), rng.uniform(0, 0.3), 0, False, Record(b"a"))
        right = rng.random() < 0.5
        here.learn(evidence, right=right)
        there.learn(msgspec.msgpack.decode(msgspec.msgpack.encode(evidence), type=Evidence), right=right)
    assert here == there
