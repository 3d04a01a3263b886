"""The tagger of a config: rules, types of its own, the chosen classifier, and the built-in one when that cannot say."""

from collections.abc import Sequence

from headworks.routing.types.deciding import USUAL, Deciding, decided
from headworks.routing.types.rules import by_rules
from headworks.routing.types.tag import Classifier, PromptFacts, Tag


class Tagger:
    """Tags prompts.

    Args:
        classifiers: Asked in this order until one can say: those of the config's own types first, the built-in last.
        deciding: How tags are decided.
    """

    def __init__(self, classifiers: Sequence[Classifier], deciding: Deciding = USUAL) -> None:
        self._classifiers = tuple(classifiers)
        self._deciding = deciding

    async def tag(self, facts: PromptFacts) -> Tag:
        """The tag of a prompt. Waits only for a classifier that asks a model."""
        plain = by_rules(facts, self._deciding.rules)
        if plain is not None:
            return plain
        for classifier in self._classifiers:
            guess = await classifier.guess(facts.text)
            if guess is not None:
                return decided(guess, self._deciding)
        return decided(None, self._deciding)
