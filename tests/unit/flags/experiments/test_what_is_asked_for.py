"""What people write is checked; each fault is told in a sentence that says what to write."""

import pytest

from headworks.core.errors import BadAskError
from headworks.flags.experiments import Plan
from headworks.flags.experiments.asked import planned, read_guard
from headworks.flags.experiments.records import Guard, Release


def asked(variants, base=None, **plan):
    return planned(Plan(feature="bot", variants=variants, **plan), run=3, now_s=1.0, base=base or Release())


def test_variants_are_named_after_prompts_and_shared_out():
    found = asked(["bot@7:90", "bot@8:10"])
    assert [(one.name, one.share, one.release.prompt) for one in found.variants] == [
        ("bot@7", 90.0, "bot@7"),
        ("bot@8", 10.0, "bot@8"),
    ]
    assert (found.name, found.salt, found.steps) == ("bot-3", "bot-3", (100.0,))


def test_a_variant_is_a_whole_release():
    settings = ["new.model=haiku", "new.prompt=bot@8", "new.temperature=0.2", 'new.parameters.stop=["END"]']
    settings += ["new.retrieval.top_k=8", "new.safety=strict"]
    found = asked(["control:50", "new:50"], set=settings)
    assert found.variants[0].release == Release()
    assert found.variants[1].release == Release(
        model="haiku",
        prompt="bot@8",
        parameters={"temperature": 0.2, "stop": ["END"]},
        retrieval={"top_k": 8},
        safety="strict",
    )


def test_names_with_dots_are_told_apart():
    found = asked(["v1:40", "v1.2:30", "v1.2.3:30"], set=["v1.2.model=a", "v1.2.3.model=b", "v1.model=c"])
    assert [one.release.model for one in found.variants] == ["c", "a", "b"]


def test_variants_differ_from_what_is_in_force():
    found = asked(["control:50", "new:50"], base=Release(model="haiku", prompt="bot@8"), set=["new.prompt=bot@9"])
    assert [(one.release.model, one.release.prompt) for one in found.variants] == [
        ("haiku", "bot@8"),
        ("haiku", "bot@9"),
    ]


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        (["a:50", "b:40"], "The shares add up to 90, not to 100."),
        (["a:60", "b:60"], "The shares add up to 120, not to 100."),
        (["a:100"], "There are 1 variants; an experiment has 2 to 10."),
        (["a:50", "a:50"], "There are two variants `a`."),
        (["a:0", "b:100"], "The share of `a` is 0; it must be from 0.01 to below 100."),
        (["a:-10", "b:110"], "The share of `a` is -10; it must be from 0.01 to below 100."),
        (["a:nan", "b:50"], "`a:nan` is no variant; write NAME:SHARE, such as control:50."),
        (["a", "b:50"], "`a` is no variant; write NAME:SHARE, such as control:50."),
        (["a b:50", "c:50"], "`a b:50` is no variant; write NAME:SHARE, such as control:50."),
        ([":50", "c:50"], "`:50` is no variant; write NAME:SHARE, such as control:50."),
        ([f"v{n}:9" for n in range(11)], "There are 11 variants; an experiment has 2 to 10."),
    ],
)
def test_shares_that_cannot_be_are_refused(variants, sentence):
    with pytest.raises(BadAskError) as caught:
        asked(variants)
    assert caught.value.message == sentence


def test_thirds_add_up():
    assert len(asked(["a:33.34", "b:33.33", "c:33.33"]).variants) == 3


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ("other.model=x", "sets nothing"),
        ("new.model", "sets nothing"),
        ("new.model=", "is set to nothing"),
        ("new.tone=warm", "`tone` cannot be set"),
        ("new.retrieval=x", "`retrieval` cannot be set"),
    ],
)
def test_settings_that_mean_nothing_are_refused(setting, part):
    with pytest.raises(BadAskError, match=part):
        asked(["control:50", "new:50"], set=[setting])


@pytest.mark.parametrize(
    ("plan", "part"),
    [
        ({"metric": "joy"}, "There is no metric `joy`"),
        ({"guards": ["joy"]}, "There is no metric `joy`"),
        ({"guards": ["cost:much"]}, "`much` is no margin"),
        ({"guards": ["cost:-1"]}, "`-1` is no margin"),
        ({"alpha": 0.0}, "alpha is 0"),
        ({"alpha": 0.5}, "alpha is 0.5"),
        ({"min_effect": 0.0}, "smallest effect is 0"),
        ({"users": 5}, "5 users cannot be planned for"),
        ({"step_s": 1.0}, "1 s are no step"),
        ({"name": "a:b"}, "`a:b` is no name"),
        ({"name": "a/b"}, "`a/b` is no name"),
    ],
)
def test_numbers_and_names_that_cannot_be_are_refused(plan, part):
    with pytest.raises(BadAskError, match=part):
        asked(["control:50", "new:50"], **plan)


def test_guards_have_margins_of_their_own_or_are_given_some():
    assert read_guard("cost") == Guard(metric="cost", margin=0.2)
    assert read_guard("errors:0.01") == Guard(metric="errors", margin=0.01)


def test_the_smallest_effect_says_how_many_users_are_needed():
    assert asked(["control:50", "new:50"]).planned_users == 5_000
    even = asked(["control:50", "new:50"], min_effect=0.05).planned_users
    assert 5_900 < even < 6_100
    assert asked(["control:90", "new:10"], min_effect=0.05).planned_users == pytest.approx(even / 0.36, abs=2)
    assert asked(["control:50", "new:50"], min_effect=0.05, users=900).planned_users == 900
