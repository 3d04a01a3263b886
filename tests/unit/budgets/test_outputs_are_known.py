"""How much models write at most: the config's word, else dated facts, else nothing."""

import pytest

from headworks.budgets.outputs import read_outputs
from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Target

PRICES = PriceList({}, TokenCounter())


def target(model: str, most: int | None = None) -> Target:
    return Target(name="m", provider="p", provider_model=model, dialect="openai", max_output_tokens=most)


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("gpt-4o-2024-05-13", 4_096),
        ("gpt-4o-2024-11-20", 16_384),
        ("openai/GPT-4o-mini", 16_384),
        ("ft:gpt-4o-mini-2024-07-18:acme::x", 16_384),
        ("gpt-4.1-nano", 32_768),
        ("o3", 100_000),
        ("gpt-5", 128_000),
        ("gpt-5.1-chat-latest", 16_384),
        ("gpt-5.4-mini", 128_000),
        ("claude-opus-4-5-20251101", 64_000),
        ("claude-opus-4-6", 128_000),
        ("claude-sonnet-4-6", 128_000),
        ("gemini-2.5-flash", 65_536),
        ("gemini-2.5-flash-image", None),
        ("gpt-4o-transcribe", None),
        ("claude-3-5-sonnet-20241022", None),
        ("llama-3.3-70b-versatile", None),
        ("", None),
    ],
)
def test_a_model_writes_no_more_than_its_provider_says(model: str, most: int | None) -> None:
    assert PRICES.max_output_tokens(target(model)) == most


def test_the_configs_word_wins() -> None:
    assert PRICES.max_output_tokens(target("gpt-4o", 100)) == 100
    assert PRICES.max_output_tokens(target("my-own-model", 100)) == 100


def test_every_row_has_a_figure() -> None:
    assert all(row.tokens > 0 and row.models for row in read_outputs())
