"""Settings of query types are checked when the config is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from headworks.routing.types.config import FeatureRouting, RoutingSettings


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"classifier": "model"}, "needs `model`"),
        ({"classifier": "traces"}, "needs `traces`"),
        ({"types": {"Refund!": {}}}, "no name for a query type"),
        ({"types": {"refund": {"examples": ["a"]}}}, "five examples"),
        ({"with_tools": "nonsense"}, "no query type"),
        ({"abstain": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RoutingSettings.model_validate(given)


def test_settings_become_what_the_tagger_takes() -> None:
    settings = RoutingSettings.model_validate(
        {
            "types": {"refund": {"examples": list("abcde"), "strength": 7}},
            "abstain_below": 0.4,
            "long_tokens": 900,
            "with_tools": "refund",
        }
    )
    deciding = settings.deciding()
    assert settings.known_types()[-1] == "refund"
    assert (deciding.strength["refund"], deciding.strength["code"]) == (7, 3)
    assert (deciding.abstain_below, deciding.rules.long_tokens, deciding.rules.with_tools) == (0.4, 900, "refund")
    assert len(settings.examples()) == 5


def test_a_feature_names_models_by_type() -> None:
    feature = FeatureRouting.model_validate({"models": {"simple": "fast", "code": "coder"}, "quality": 0.9})
    assert (feature.models["code"], feature.quality) == ("coder", 0.9)
