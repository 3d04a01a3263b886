"""Which prices apply, for how long, and what is unpriced."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from headworks.budgets.library import quote
from headworks.budgets.prices import KEPT_QUOTES, PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Prices, Target
from headworks.core.replies import Usage

NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z
DAY_S = 86_400.0


def target(model: str = "gpt-4o-mini", provider: str = "main", prices: Prices | None = None) -> Target:
    return Target(name="m", provider=provider, provider_model=model, dialect="openai", prices=prices)


@pytest.fixture
def prices() -> PriceList:
    return PriceList({"main": "openai", "night": "deepseek", "local": None, "odd": "no-such-provider"}, TokenCounter())


@pytest.mark.parametrize(
    "unpriced",
    [target(provider="local"), target(provider="unheard"), target(provider="odd"), target("nothing"), target("")],
)
def test_what_has_no_price_is_unpriced_not_free(prices: PriceList, unpriced: Target) -> None:
    for usage in (Usage(), Usage(input_tokens=10, output_tokens=10)):
        assert prices.cost_nano(unpriced, usage, NOON) is None
    assert prices.prices(unpriced, NOON) is None


def test_a_call_that_used_nothing_costs_nothing(prices: PriceList) -> None:
    assert prices.cost_nano(target(), Usage(), NOON) == 0


def test_a_search_without_a_price_makes_the_call_unpriced(prices: PriceList) -> None:
    usage = Usage(input_tokens=10, web_searches=1)
    assert prices.cost_nano(target("gpt-4o-mini"), usage, NOON) == 10 * 150 + 10_000_000
    assert prices.cost_nano(target("gpt-audio"), usage, NOON) is None


def test_output_without_a_price_makes_the_call_unpriced(prices: PriceList) -> None:
    assert prices.cost_nano(target("text-embedding-3-small"), Usage(input_tokens=5, output_tokens=1), NOON) is None


def test_sound_that_has_a_price_nobody_knows_is_unpriced_not_text(prices: PriceList) -> None:
    preview = target("gpt-4o-audio-preview")
    assert prices.cost_nano(preview, Usage(input_tokens=10), NOON) == 10 * 2_500
    assert prices.cost_nano(preview, Usage(input_tokens=10, audio_input_tokens=1), NOON) is None
    assert prices.cost_nano(preview, Usage(output_tokens=10, audio_output_tokens=1), NOON) is None


def test_a_model_that_always_searches_has_a_fee_for_each_call(prices: PriceList) -> None:
    assert prices.cost_nano(target("gpt-4o-search-preview"), Usage(input_tokens=10), NOON) == 10 * 2_500 + 25_000_000
    assert prices.cost_nano(target("gpt-5-search-api"), Usage(input_tokens=10), NOON) == 10 * 1_250 + 10_000_000


def test_the_configs_prices_win(prices: PriceList) -> None:
    own = Prices(input=100, output=400, cached=10, cache_write_1h=300, reasoning=500)
    usage = Usage(
        input_tokens=1000,
        cached_tokens=300,
        cache_write_5m_tokens=50,
        cache_write_1h_tokens=100,
        output_tokens=60,
        reasoning_tokens=20,
        web_searches=5,
        service_tier="unheard-of",
    )
    expected = 550 * 100 + 300 * 10 + 50 * 100 + 100 * 300 + 40 * 400 + 20 * 500
    for provider in ("main", "local"):
        assert prices.cost_nano(target(provider=provider, prices=own), usage, NOON) == expected
        assert prices.prices(target(provider=provider, prices=own), NOON) == own


def test_a_usage_that_contradicts_itself_never_costs_less_than_nothing(prices: PriceList) -> None:
    absurd = Usage(input_tokens=10, cached_tokens=1000, cache_write_5m_tokens=1000, image_input_tokens=99)
    assert prices.cost_nano(target(), absurd, NOON) == 10 * 75
    assert prices.cost_nano(target(prices=Prices(input=100, output=1, cached=1)), absurd, NOON) == 10


def test_the_prices_of_a_model_are_whole_nano_dollars_a_token(prices: PriceList) -> None:
    assert prices.prices(target(), NOON) == Prices(input=150, output=600, cached=75)


def test_kept_prices_follow_the_hour_and_the_day(prices: PriceList) -> None:
    night = target("deepseek-chat", "night")
    usage = Usage(input_tokens=1_000_000)
    day_price, off_price = 270_000_000, 135_000_000
    hours = [(0.0, off_price), (0.5, day_price), (16.49, day_price), (16.5, off_price), (23.99, off_price)]
    for hour, price in [*hours, *reversed(hours), *hours]:
        for day in (0, 1, -1):
            assert prices.cost_nano(night, usage, NOON + (hour - 12) * 3600 + day * DAY_S) == price


def test_a_price_cut_acts_at_midnight_utc() -> None:
    before = quote("openai", "o3", None, 1_749_513_599.9)
    after = quote("openai", "o3", None, 1_749_513_600.0)
    assert before.end_s == after.start_s == 1_749_513_600.0
    assert before.rates != after.rates


def test_endless_model_names_do_not_fill_the_memory(prices: PriceList) -> None:
    for number in range(KEPT_QUOTES + 10):
        assert prices.cost_nano(target(f"made-up-{number}"), Usage(), NOON) is None
    assert len(prices._quotes) <= KEPT_QUOTES
    assert prices.cost_nano(target(), Usage(input_tokens=1), NOON) == 150


async def test_starting_does_not_wait_for_the_library_and_stopping_does(prices: PriceList) -> None:
    await prices.start()
    assert prices.cost_nano(target(), Usage(input_tokens=1), NOON) == 150
    await asyncio.wait_for(prices.stop(), 30)


async def test_a_config_without_priced_providers_never_loads_the_library() -> None:
    prices = PriceList({"local": None}, TokenCounter())
    await prices.start()
    assert prices._loading is None
    await prices.stop()


def test_the_library_is_loaded_by_its_own_module_alone_and_then_whole() -> None:
    source = str(Path(__file__).parents[3] / "src")
    check = (
        "import sys, headworks.budgets.prices; assert 'genai_prices' not in sys.modules;"
        "import headworks.budgets.library; assert 'genai_prices.data' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", check], env={"PYTHONPATH": source}, check=False).returncode == 0
