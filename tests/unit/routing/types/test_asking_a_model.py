"""A small model may say the type; what it says is kept, and what it fails at falls back."""

import asyncio

from headworks.core.errors import ProviderError
from headworks.routing.types import Guess, ModelClassifier
from headworks.testing import FakeClock

TYPES = (("simple", "short questions"), ("code", "anything with code"))


class Model:
    """Answers as told, and notes what it was asked."""

    def __init__(self, answer: str | Exception | None) -> None:
        self.answer, self.asked = answer, list[tuple[str, str, int, float]]()

    async def __call__(self, model: str, question: str, max_tokens: int, deadline_s: float) -> str:
        self.asked.append((model, question, max_tokens, deadline_s))
        if self.answer is None:
            await asyncio.Event().wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or ""


class Otherwise:
    async def guess(self, text: str) -> Guess:
        return Guess({"code": 1.0}, None, "the other")


def classifier(model: Model, patience_s: float = 5.0) -> ModelClassifier:
    return ModelClassifier("tiny", TYPES, model, Otherwise(), FakeClock(), patience_s=patience_s)


async def best(one: ModelClassifier, text: str = "hello") -> str:
    guess = await one.guess(text)
    assert guess is not None
    return max(guess.shares, key=lambda name: guess.shares[name])


async def test_the_models_word_is_taken_and_kept() -> None:
    model = Model(" Simple.\n")
    one = classifier(model)
    assert [await best(one), await best(one)] == ["simple", "simple"]
    assert len(model.asked) == 1
    assert model.asked[0][0] == "tiny"
    assert "- code: anything with code" in model.asked[0][1]


async def test_an_answer_that_names_none_or_several_falls_back_and_is_not_kept() -> None:
    for answer in ("banana", "simple or code", ""):
        model = Model(answer)
        one = classifier(model)
        assert [await best(one), await best(one)] == ["code", "code"]
        assert (len(model.asked), one.failures) == (2, 2)


async def test_a_failing_model_falls_back() -> None:
    assert await best(classifier(Model(ProviderError("down")))) == "code"


async def test_a_late_model_falls_back() -> None:
    assert await best(classifier(Model(None), patience_s=0.001)) == "code"


async def test_without_another_classifier_nothing_is_said() -> None:
    one = ModelClassifier("tiny", TYPES, Model("?"), None, FakeClock())
    assert await one.guess("hello") is None


async def test_a_long_text_is_shown_at_its_head_and_tail() -> None:
    model = Model("code")
    await best(classifier(model), "a" * 5_000 + "b" * 5_000)
    assert len(model.asked[0][1]) < 3_500
