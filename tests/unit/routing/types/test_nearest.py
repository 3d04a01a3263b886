"""Types of the config's own are told by their examples; near duplicates are found."""

from headworks.routing.types import Labelled, NearestExamples
from headworks.routing.types.near import leaks

REFUNDS = [
    "I want my money back for the broken kettle",
    "please refund the order 4471",
    "how do I get a refund for a damaged lamp",
    "refund my last purchase please",
    "my money back, the lamp is broken",
]
HOURS = ["when do you open on sunday", "are you open today", "opening hours please", "when do you close", "open late?"]
EXAMPLES = [*(Labelled(text, "refund") for text in REFUNDS), *(Labelled(text, "hours") for text in HOURS)]


async def test_what_is_like_the_examples_is_of_their_type() -> None:
    guess = await NearestExamples(EXAMPLES).guess("can I have a refund for my broken kettle")
    assert guess is not None
    assert max(guess.shares, key=lambda name: guess.shares[name]) == "refund"
    assert abs(sum(guess.shares.values()) - 1) < 1e-9


async def test_what_is_like_no_example_is_left_to_others() -> None:
    assert await NearestExamples(EXAMPLES).guess("Prove that the sum of two odd integers is even.") is None


async def test_without_examples_nothing_is_said() -> None:
    assert await NearestExamples([]).guess("anything") is None


def test_a_text_with_another_comma_is_a_near_duplicate() -> None:
    training = ["The quick brown fox jumps over the lazy dog.", "Something else altogether, really."]
    found = leaks(training, ["the quick brown fox, jumps over the lazy dog", "a third thing that nobody said before"])
    assert [(leak.test, leak.training) for leak in found] == [(0, 0)]


def test_texts_without_words_are_compared_as_they_are() -> None:
    assert leaks(["???"], ["???"])
    assert not leaks(["???"], ["!!!"])
