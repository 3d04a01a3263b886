"""From facts to a tag: rules first, then a classifier's guess, and the stronger type where it is unsure. Pure."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

from headworks.routing.types.rules import USUAL_RULES, Rules, by_rules
from headworks.routing.types.tag import REASONING, STRENGTH, Guess, PromptFacts, Tag

ABSTAIN_BELOW = 0.6
_SHARE_THAT_COUNTS = 0.15
"""A type that is less likely than this is no reason to take a stronger model."""


class Guessing(Protocol):
    """A classifier that answers at once."""

    def guess_now(self, text: str) -> Guess | None:
        """What `text` is likely to be; None when it cannot say."""


class Deciding(Struct, frozen=True, kw_only=True):
    """How tags are decided.

    Attributes:
        rules: How the rules are set.
        abstain_below: Confidence under which the stronger of the likely types is taken.
        strength: Which type asks for the stronger model; what is not named counts as 0.
        unknown: The type when nobody can say.
    """

    rules: Rules = USUAL_RULES
    abstain_below: float = ABSTAIN_BELOW
    strength: Mapping[str, int] = STRENGTH
    unknown: str = REASONING


USUAL = Deciding()


def tag(facts: PromptFacts, classifier: Guessing | None, deciding: Deciding = USUAL) -> Tag:
    """The tag of a prompt, at once."""
    plain = by_rules(facts, deciding.rules)
    if plain is not None:
        return plain
    return decided(classifier.guess_now(facts.text) if classifier is not None else None, deciding)


def decided(guess: Guess | None, deciding: Deciding = USUAL) -> Tag:
    """The tag for a guess; without one, the type that asks for the strongest model."""
    if guess is None or not guess.shares:
        return Tag(deciding.unknown, None, 0.0, "no rule applies and no classifier could say", unsure=True)
    likeliest = max(guess.shares, key=lambda name: guess.shares[name])
    confidence = guess.shares[likeliest]
    if confidence >= deciding.abstain_below:
        return Tag(likeliest, guess.difficulty, confidence, f"{guess.by}: {likeliest} {confidence:.0%}")
    likely = [name for name, share in guess.shares.items() if share >= _SHARE_THAT_COUNTS or name == likeliest]
    stronger = max(likely, key=lambda name: deciding.strength.get(name, 0))
    why = f"{guess.by} is unsure: {likeliest} {confidence:.0%}, under {deciding.abstain_below:.0%}"
    return Tag(stronger, guess.difficulty, confidence, f"{why}; {stronger} is the stronger", unsure=True)
