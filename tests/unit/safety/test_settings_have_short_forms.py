"""What a config may say, and what it becomes."""

from typing import Any

import pytest
from pydantic import ValidationError

from headworks.safety import SafetySettings, policy


def made(settings: Any) -> Any:
    return policy(SafetySettings.model_validate(settings))


def test_off_is_no_policy_at_all() -> None:
    for settings in ({}, "off", False, {"injection": "off"}, {"pii": False}):
        assert made(settings) is None


def test_short_forms_mean_the_full_ones() -> None:
    assert made({"pii": "redact"}).version == made({"pii": {"action": "redact"}}).version
    assert made({"words": ["x"]}).version == made({"words": {"action": "block", "list": ["x"]}}).version


def test_the_version_changes_with_what_could_change_a_verdict() -> None:
    versions = {
        made(one).version for one in ("standard", {"pii": "redact"}, {"pii": "block"}, {"pii": "block", "allow": ["x"]})
    }
    assert len(versions) == 4
    assert all(len(version) == 12 for version in versions)


def test_answers_may_have_an_action_of_their_own() -> None:
    policy_ = made({"pii": {"action": "redact", "answer": "allow"}})
    assert [check.action for check in policy_.ask] == ["redact"]
    assert policy_.answer == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pii": "burn"}, "redact"),
        ({"pii": {"action": "redact", "kinds": ["NAME"]}}, "no kind of personal data"),
        ({"patterns": {"a": {"pattern": "(?=x)"}}}, "not a pattern"),
        ({"outside": {"m": {"action": "redact"}}}, "block"),
        ({"injections": "block"}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_said(settings: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SafetySettings.model_validate(settings)
