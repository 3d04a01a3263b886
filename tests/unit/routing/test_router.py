"""Names become routes, and keys keep their limits."""

import pytest

from headworks.core.errors import BadAskError, RefusedError
from headworks.core.messages import Route
from headworks.routing import Router


def names(route: Route) -> list[str]:
    return [target.name for target in route.targets]


def test_a_model_name_is_its_target_and_then_its_fallbacks(router, ask, caller):
    route = router.plan(ask("fast"), caller())
    assert names(route) == ["fast", "haiku", "big"]
    assert (route.feature, route.query_type, route.capture) == ("default", "explicit", "none")


@pytest.mark.parametrize("header", [None, "bot"])
def test_a_feature_named_by_the_model_brings_its_model_and_capture(router, ask, caller, header):
    route = router.plan(ask("feature/bot", header), caller())
    assert names(route) == ["fast", "haiku", "big"]
    assert (route.feature, route.query_type, route.capture) == ("bot", "feature", "bodies")


def test_auto_is_the_model_of_the_feature(router, ask, caller):
    assert names(router.plan(ask("auto"), caller())) == ["haiku"]
    assert names(router.plan(ask("auto", "bot"), caller())) == ["fast", "haiku", "big"]
    assert router.plan(ask("auto"), caller()).query_type == "feature"


def test_a_model_asked_for_by_name_stands_also_under_a_feature(router, ask, caller):
    route = router.plan(ask("big", "bot"), caller())
    assert names(route) == ["big"]
    assert (route.feature, route.query_type, route.capture) == ("bot", "explicit", "bodies")


@pytest.mark.parametrize(
    ("model", "feature", "sentence"),
    [
        ("fsat", None, "There is no model `fsat`. Did you mean `fast`?"),
        ("zzz", None, "There are: `fast`, `haiku`, `big`, `feature/bot`."),
        ("feature/bott", None, "There is no feature `bott`. Did you mean `bot`?"),
        ("fast", "bto", "There is no feature `bto`. Did you mean `bot`?"),
        ("auto", "mute", "`auto` needs a model for the feature `mute`"),
        ("feature/mute", None, "The feature `mute` has no model of its own"),
        ("", None, "There is no model ``."),
        ("x" * 5000, None, "x" * 100 + "..."),
    ],
)
def test_a_name_nobody_configured_is_unknown(router, ask, caller, model, feature, sentence):
    with pytest.raises(BadAskError) as caught:
        router.plan(ask(model, feature), caller())
    assert sentence in caught.value.message
    assert (caught.value.code, caught.value.status) == ("unknown_model", 404)
    assert len(caught.value.message) < 500


def test_naming_two_features_is_a_mistake_of_the_request(router, ask, caller):
    with pytest.raises(BadAskError, match="Name one feature") as caught:
        router.plan(ask("feature/bot", "mute"), caller())
    assert (caught.value.code, caught.value.status) == ("invalid_request", 400)


def test_suggestions_hold_only_what_the_key_may_use(router, ask, caller):
    with pytest.raises(BadAskError) as caught:
        router.plan(ask("fas"), caller(models=("haiku",)))
    assert "`fast`" not in caught.value.message
    assert "There is: `haiku`." in caught.value.message


@pytest.mark.parametrize("model", ["fast", "feature/bot", "big"])
def test_a_model_outside_the_keys_list_is_forbidden(router, ask, caller, model):
    with pytest.raises(RefusedError, match="It may use: `haiku`") as caught:
        router.plan(ask(model), caller(models=("haiku",)))
    assert (caught.value.code, caught.value.status) == ("forbidden", 403)


def test_a_fallback_outside_the_keys_list_is_left_out(router, ask, caller):
    assert names(router.plan(ask("fast"), caller(models=("fast", "big")))) == ["fast", "big"]
    assert names(router.plan(ask("fast"), caller())) == ["fast", "haiku", "big"]


@pytest.mark.parametrize(
    ("model", "feature"), [("fast", None), ("auto", None), ("auto", "mute"), ("feature/mute", None)]
)
def test_a_feature_outside_the_keys_list_is_refused(router, ask, caller, model, feature):
    with pytest.raises((RefusedError, BadAskError)):
        router.plan(ask(model, feature), caller(features=("bot",)))


def test_a_key_for_one_feature_may_use_it(router, ask, caller):
    assert router.plan(ask("feature/bot"), caller(features=("bot",))).feature == "bot"
    assert router.plan(ask("big", "bot"), caller(features=("bot",))).feature == "bot"


def test_the_list_of_models_is_what_the_key_may_use(router, caller):
    everything = [("fast", "lab"), ("haiku", "other"), ("big", "lab"), ("feature/bot", "lab")]
    assert router.models(caller()) == everything
    assert router.models(caller(models=("haiku",))) == [("haiku", "other")]
    assert router.models(caller(models=("fast",), features=("bot",))) == [("fast", "lab"), ("feature/bot", "lab")]


def test_every_listed_model_can_be_asked_for(router, open_router, ask, caller):
    for each in (router, open_router):
        for name, provider in each.models(caller()):
            assert each.plan(ask(name), caller()).targets[0].provider == provider


def test_without_any_model_the_error_says_what_to_set(ask, caller):
    with pytest.raises(BadAskError, match="set a provider's key, or write a config"):
        Router({}, {}).plan(ask("gpt"), caller())


@pytest.mark.parametrize(
    ("asked", "provider", "model"),
    [
        ("a/a-1", "a", "a-1"),
        ("a/anything/at:all", "a", "anything/at:all"),
        ("a-7", "a", "a-7"),
        ("a-9", "a", "a-9"),
        ("x", "b", "x"),
        ("b/auto", "b", "b/auto"),
        ("b/b/auto", "b", "b/auto"),
        ("b/vendor/model", "b", "vendor/model"),
        ("c/m", "c", "m"),
    ],
)
def test_open_names_find_their_provider(open_router, ask, caller, asked, provider, model):
    (target,) = open_router.plan(ask(asked), caller()).targets
    assert (target.provider, target.provider_model, target.name) == (provider, model, f"{provider}/{model}")


@pytest.mark.parametrize("asked", ["a/", "/a-1", "d/m", "y", "A-1", "", "/"])
def test_other_open_names_are_unknown(open_router, ask, caller, asked):
    with pytest.raises(BadAskError):
        open_router.plan(ask(asked), caller())


@pytest.mark.parametrize("listed", ["a-1", "a/a-1"])
@pytest.mark.parametrize("asked", ["a-1", "a/a-1", "auto"])
def test_a_keys_list_holds_under_each_name_of_a_model(open_router, ask, caller, listed, asked):
    assert names(open_router.plan(ask(asked), caller(models=(listed,)))) == ["a/a-1"]
    with pytest.raises(RefusedError):
        open_router.plan(ask("a/a-2"), caller(models=(listed,)))
