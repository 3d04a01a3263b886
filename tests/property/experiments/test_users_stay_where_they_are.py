"""Whatever the shares: a step up moves users from the control into a new variant, and never between others."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from headworks.flags.experiments.asked import RAMP
from headworks.flags.experiments.assignment import POINTS, Split, shares
from headworks.flags.experiments.measure.moments import Moments
from headworks.flags.experiments.records import Experiment, Variant

hashes = st.integers(0, 2**64 - 1)


@st.composite
def experiments(draw):
    """Two to five variants whose shares add up to 100."""
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), min_size=1, max_size=4)))
    ends = [0, *cuts, 10_000]
    parts = [(end - begin) / 100 for begin, end in itertools.pairwise(ends)]
    variants = tuple(Variant(name=f"v{index}", share=share) for index, share in enumerate(parts))
    return Experiment(
        feature="bot",
        name="bot-1",
        run=1,
        salt=draw(st.text(max_size=20)),
        variants=variants,
        metric="feedback",
        started_s=0,
        since_s=0,
        steps=RAMP,
    )


def at(experiment, step):
    return Experiment(**{name: getattr(experiment, name) for name in experiment.__struct_fields__} | {"step": step})


@given(experiments(), hashes)
def test_a_step_up_only_takes_from_the_control(experiment, hashed):
    indexes = [Split(at(experiment, step)).index(hashed) for step in range(len(RAMP))]
    for before, after in itertools.pairwise(indexes):
        assert after == before or before == 0


@given(experiments(), st.text(max_size=50))
def test_a_user_always_gets_the_same(experiment, user):
    assert Split(experiment).of(f"u:{user}") == Split(experiment).of(f"u:{user}")


@given(experiments(), st.integers(0, len(RAMP) - 1))
def test_shares_at_every_step_are_those_of_the_points(experiment, step):
    found = shares(at(experiment, step))
    assert abs(sum(found) - 1) < 1e-9
    for variant, share in list(zip(experiment.variants, found, strict=True))[1:]:
        assert abs(share - variant.share / 100 * RAMP[step] / 100) <= 1 / POINTS


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 10), st.integers(1, 3)), min_size=1, max_size=60))
def test_sums_grow_to_the_same_whatever_the_order_of_calls(calls):
    def summed(order):
        moments, users = Moments(), {}
        for user, y, n in order:
            moments.change(users.get(user, (0.0, 0.0)), y, n)
            users[user] = tuple(a + b for a, b in zip(users.get(user, (0.0, 0.0)), (y, n), strict=True))
        return moments

    one, other = summed(calls), summed(calls[::-1])
    assert one.users == other.users == len({user for user, _, _ in calls})
    assert abs(one.y - other.y) < 1e-6
    assert abs(one.counted_users - other.counted_users) < 1e-6
    if one.users > 1:
        assert abs(one.variance(rate=False) - other.variance(rate=False)) < 1e-6
