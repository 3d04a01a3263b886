"""What is plain to see is decided by rules, without a classifier."""

import pytest

from headworks.routing.types import Guess, PromptFacts, tag
from headworks.routing.types.deciding import Deciding
from headworks.routing.types.rules import Rules


class Never:
    """A classifier that may not be asked."""

    def guess_now(self, text: str) -> Guess:
        raise AssertionError("a rule should have decided")


def facts(text: str = "hello", **given: object) -> PromptFacts:
    return PromptFacts(**{"text": text, "tokens": 10, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(images=1), "multimodal"),
        (facts(audio=2), "multimodal"),
        (facts(images=1, tokens=90_000), "multimodal"),
        (facts(tokens=3_000), "long"),
        (facts(effort="high"), "reasoning"),
        (facts("What is wrong?\n```python\nx =\n```"), "code"),
        (facts("Why?\n  ~~~ sql\nselect 1\n~~~"), "code"),
        (facts("Traceback (most recent call last):\n  File"), "code"),
        (facts("--- a\n+++ b\n@@ -1,2 +1,3 @@\n x"), "code"),
        (facts(labels_only=True), "simple"),
    ],
)
def test_a_rule_decides(known: PromptFacts, expected: str) -> None:
    assert tag(known, Never()).type == expected


@pytest.mark.parametrize(
    "text",
    [
        "```json\n{}\n```",
        "```\nplain\n```",
        "```rustic furniture\n```".replace("rustic", "rustical"),
        "the mail a@b.c says @@ -x",
        "",
    ],
)
def test_what_is_not_marked_as_code_is_left_to_the_classifier(text: str) -> None:
    with pytest.raises(AssertionError, match="a rule should have decided"):
        tag(facts(text), Never())


def test_tools_say_nothing_unless_the_config_says_so() -> None:
    with pytest.raises(AssertionError, match="a rule should have decided"):
        tag(facts(tools=3), Never())
    assert tag(facts(tools=3), Never(), Deciding(rules=Rules(with_tools="reasoning"))).type == "reasoning"


def test_labels_with_tools_or_a_longer_prompt_are_left_to_the_classifier() -> None:
    for known in (facts(labels_only=True, tools=1), facts(labels_only=True, tokens=401)):
        with pytest.raises(AssertionError, match="a rule should have decided"):
            tag(known, Never())


def test_the_reason_names_what_was_seen() -> None:
    assert tag(facts(images=2, audio=1), None).why == "it brings 2 pictures and 1 sound"


def test_a_longer_limit_is_kept_to() -> None:
    rules = Deciding(rules=Rules(long_tokens=50_000))
    assert tag(facts(tokens=40_000), None, rules).unsure
