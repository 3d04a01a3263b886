"""What holds for every text, every guess and every set of outcomes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from headworks.routing.quality import Candidate, Chance, choose
from headworks.routing.quality.curve import Pair, curve
from headworks.routing.quality.ladder import ladder, wilson_lower
from headworks.routing.types import TYPES, Guess, PromptFacts, built_in, decided, tag
from headworks.routing.types.deciding import ABSTAIN_BELOW
from headworks.routing.types.features import SIZE, features

CLASSIFIER = built_in(print)
SHARES = st.floats(0, 1)


@given(st.text(max_size=12_000))
def test_features_are_of_one_text_alone_and_in_range(text: str) -> None:
    found = features(text)
    assert found
    assert len(set(found)) == len(found)
    assert all(0 <= one < SIZE for one in found)
    assert set(features(text)) == set(found)


@given(st.text(max_size=2_000), st.integers(0, 10_000), st.integers(0, 2))
def test_every_prompt_has_a_tag(text: str, tokens: int, images: int) -> None:
    found = tag(PromptFacts(text=text, tokens=tokens, images=images), CLASSIFIER)
    assert found.type in TYPES
    assert 0 <= found.confidence <= 1
    assert found.difficulty is None or 0 <= found.difficulty <= 1
    assert found.why
    assert found.unsure == (found.confidence < ABSTAIN_BELOW)


@given(st.dictionaries(st.sampled_from(TYPES), SHARES, min_size=1))
def test_an_unsure_tag_is_never_of_a_weaker_type_than_the_likeliest(shares: dict[str, float]) -> None:
    order = ("simple", "multimodal", "long", "code", "reasoning")
    likeliest = max(shares, key=lambda name: shares[name])
    assert order.index(decided(Guess(shares)).type) >= order.index(likeliest)


@given(st.lists(st.tuples(st.floats(-9, 9), st.sampled_from([0.0, 1.0])), min_size=1, max_size=200))
def test_a_higher_score_never_has_a_lower_chance(seen: list[tuple[float, float]]) -> None:
    found = ladder(seen)
    scores = sorted(score for score, _ in seen)
    chances = [found.chance(score) for score in (-100.0, *scores, 100.0)]
    assert all(a.mean <= b.mean and a.lower <= b.lower for a, b in pairwise(chances))
    assert all(0 <= one.lower <= one.mean <= 1 for one in chances)


@given(st.integers(1, 500), st.data())
def test_more_of_the_same_observations_never_lower_the_bound(count: int, data: st.DataObject) -> None:
    good = data.draw(st.integers(0, count))
    assert wilson_lower(2 * good, 2 * count) >= wilson_lower(good, count) - 1e-12


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.tuples(SHARES, SHARES, st.none() | st.integers(0, 9)), min_size=1),
    SHARES,
)
def test_nothing_cheaper_is_good_enough(models: dict[str, tuple[float, float, int | None]], target: float) -> None:
    chances = {name: Chance(max(one, other), min(one, other)) for name, (one, other, _) in models.items()}
    costs = {name: cost for name, (_, _, cost) in models.items()}
    choice = choose([Candidate(name, cost) for name, cost in costs.items()], chances, target)
    enough = {name for name, chance in chances.items() if chance.lower >= target}
    assert choice.cleared == bool(enough)
    if enough:
        assert choice.model in enough
        priced = [cost for name in enough if (cost := costs[name]) is not None]
        assert costs[choice.model] == (min(priced) if priced else None)
    else:
        assert chances[choice.model].lower == max(chance.lower for chance in chances.values())


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_nobody_beats_the_oracle(rows: list[tuple[bool, bool, float]]) -> None:
    pair = Pair([float(cheap) for cheap, _, _ in rows], [float(strong) for _, strong, _ in rows])
    gains = [strong - cheap for strong, cheap in zip(pair.strong, pair.cheap, strict=True)]
    if sum(gains) <= 0:
        return
    oracle = curve("oracle", gains, pair, draws=2)
    mine = curve("mine", [score for _, _, score in rows], pair, draws=2)
    assert mine.apgr.value <= oracle.apgr.value + 1e-9
