"""The words of query types: what is known of a prompt, what a classifier guesses, and the tag that comes of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from msgspec import Struct

SIMPLE, CODE, LONG, REASONING, MULTIMODAL = "simple", "code", "long", "reasoning", "multimodal"
TYPES = (SIMPLE, CODE, LONG, REASONING, MULTIMODAL)
STRENGTH: Mapping[str, int] = MappingProxyType({SIMPLE: 0, MULTIMODAL: 1, LONG: 2, CODE: 3, REASONING: 4})
"""Which type asks for the stronger model, where a prompt may be either."""


class PromptFacts(Struct, frozen=True, kw_only=True):
    """What is known of a prompt before anybody reads it.

    Attributes:
        text: What is asked: the user's last words.
        tokens: About how many tokens the whole prompt has.
        images: How many pictures it brings.
        audio: How many sounds.
        tools: How many tools it offers.
        labels_only: True when it asks for JSON that holds nothing but choices, yes or no, and numbers.
        effort: How much thinking the client asks for (`low`, `medium`, `high`); None when it does not say.
    """

    text: str
    tokens: int
    images: int = 0
    audio: int = 0
    tools: int = 0
    labels_only: bool = False
    effort: str | None = None


class Guess(Struct, frozen=True):
    """What a classifier says of a text.

    Attributes:
        shares: The chance of each type it knows.
        difficulty: Chance that a middling model gets it wrong, 0 to 1; None when it cannot say.
        by: Which classifier, and what it saw.
    """

    shares: Mapping[str, float]
    difficulty: float | None = None
    by: str = ""


class Tag(Struct, frozen=True):
    """What kind of question a prompt is.

    Attributes:
        type: A query type.
        difficulty: Chance that a middling model gets it wrong, 0 to 1; None where nobody looked.
        confidence: Chance that `type` is right, 0 to 1; after abstaining, that of the type which was likeliest.
        why: One sentence.
        unsure: True when the classifier abstained and the stronger type was taken.
    """

    type: str
    difficulty: float | None
    confidence: float
    why: str
    unsure: bool = False


class Classifier(Protocol):
    """Tells types apart by the text. May take time; fails open."""

    async def guess(self, text: str) -> Guess | None:
        """What `text` is likely to be; None when it cannot say."""
