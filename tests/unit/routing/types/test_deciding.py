"""A guess becomes a tag; where it is unsure, the stronger type is taken."""

from headworks.routing.types import Guess, PromptFacts, Tagger, decided
from headworks.routing.types.deciding import Deciding


class Says:
    """A classifier that always says the same."""

    def __init__(self, guess: Guess | None) -> None:
        self.guessed = guess

    async def guess(self, text: str) -> Guess | None:
        return self.guessed


def test_a_sure_guess_is_taken() -> None:
    tag = decided(Guess({"simple": 0.9, "code": 0.1}, 0.3, "it"))
    assert (tag.type, tag.confidence, tag.difficulty, tag.unsure) == ("simple", 0.9, 0.3, False)


def test_an_unsure_guess_gives_the_stronger_of_the_likely_types() -> None:
    tag = decided(Guess({"simple": 0.5, "code": 0.4, "reasoning": 0.1}, None, "it"))
    assert (tag.type, tag.confidence, tag.unsure) == ("code", 0.5, True)
    assert "unsure" in tag.why


def test_strength_is_as_the_config_says() -> None:
    deciding = Deciding(strength={"refund": 9, "code": 3})
    assert decided(Guess({"refund": 0.4, "code": 0.6 - 0.05}), deciding).type == "refund"


def test_when_nobody_can_say_the_strongest_type_is_taken() -> None:
    assert decided(None).type == "reasoning"
    assert decided(Guess({})).unsure


async def test_the_tagger_asks_one_classifier_after_the_other() -> None:
    tagger = Tagger([Says(None), Says(Guess({"code": 1.0})), Says(Guess({"simple": 1.0}))])
    assert (await tagger.tag(PromptFacts(text="x", tokens=1))).type == "code"


async def test_the_tagger_asks_nobody_where_a_rule_decides() -> None:
    tagger = Tagger([Says(Guess({"code": 1.0}))])
    assert (await tagger.tag(PromptFacts(text="x", tokens=1, images=1))).type == "multimodal"


async def test_a_tagger_without_classifiers_still_tags() -> None:
    assert (await Tagger([]).tag(PromptFacts(text="x", tokens=1))).type == "reasoning"
