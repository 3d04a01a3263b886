"""The most a call can cost: no usage within the counts costs more, whoever made it up."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import TokenCounter
from headworks.budgets.worst import Most, tier_asked, worst_nano
from headworks.core.messages import Ask, Prices, Prompt, Target
from headworks.core.replies import Usage

NOON = 1_795_435_200.0  # 2026-11-23T12:00:00Z
PRICES = PriceList(
    {
        "openai": "openai",
        "anthropic": "anthropic",
        "google": "google",
        "perplexity": "perplexity",
        "deepseek": "deepseek",
    },
    TokenCounter(),
)
MODELS = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-5"),
    ("openai", "gpt-5.4"),
    ("openai", "gpt-audio"),
    ("openai", "gpt-realtime"),
    ("openai", "text-embedding-3-small"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-opus-4-6"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-3-flash-preview"),
    ("perplexity", "sonar-pro"),
    ("perplexity", "sonar-deep-research"),
    ("deepseek", "deepseek-chat"),
]
SILENT = {("openai", model): True for model in ("gpt-4o-mini", "gpt-5", "gpt-5.4", "text-embedding-3-small")}
"""Sound has no known price there: a usage that holds some is unpriced, whatever was bounded."""
TIERS = [None, "auto", "default", "flex", "priority", "batch", "fast"]


def target(provider: str, model: str, prices: Prices | None = None) -> Target:
    return Target(name="m", provider=provider, provider_model=model, dialect="openai", prices=prices)


def shares(draw: st.DrawFn, whole: int, count: int) -> list[int]:
    """Shares of a whole; now and then larger than it, as no provider should say."""
    return [draw(st.integers(0, whole + draw(st.sampled_from([0, 0, 0, 5])))) for _ in range(count)]


@st.composite
def usages(draw: st.DrawFn, most: Most) -> Usage:
    input_tokens = draw(st.integers(0, most.input_tokens))
    output_tokens = draw(st.integers(0, most.output_tokens * most.choices))
    cached, write_5m, write_1h, sound, pictures = shares(draw, input_tokens, 5)
    reasoning, spoken = shares(draw, output_tokens, 2)
    if not most.media:
        sound = pictures = spoken = 0
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=reasoning,
        audio_input_tokens=sound,
        audio_output_tokens=spoken,
        image_input_tokens=pictures,
        web_searches=draw(st.integers(0, most.searches)),
        service_tier=draw(st.sampled_from([most.tier, None])),
    )


@st.composite
def asked(draw: st.DrawFn) -> Most:
    return Most(
        input_tokens=draw(st.one_of(st.integers(0, 3_000), st.integers(199_990, 200_010), st.integers(0, 1_000_000))),
        output_tokens=draw(st.integers(0, 100_000)),
        choices=draw(st.integers(1, 4)),
        searches=draw(st.integers(0, 3)),
        tier=draw(st.sampled_from(TIERS)),
        media=draw(st.booleans()),
    )


@settings(max_examples=1500)
@given(st.data(), st.sampled_from(MODELS), asked())
def test_no_usage_within_the_counts_costs_more(data: st.DataObject, model: tuple[str, str], most: Most) -> None:
    called = target(*model)
    worst = worst_nano(PRICES, called, most, NOON)
    cost = PRICES.cost_nano(called, data.draw(usages(most)), NOON)
    if worst is not None and not SILENT.get(model):
        assert cost is not None
    assert worst is None or cost is None or cost <= worst


own_price = st.integers(0, 100_000)
own_share = st.none() | own_price


@given(
    st.data(),
    st.builds(
        Prices,
        input=own_price,
        output=own_price,
        cached=own_share,
        cache_write_5m=own_share,
        cache_write_1h=own_share,
        reasoning=own_share,
    ),
    asked(),
)
def test_nor_at_a_configs_own_prices(data: st.DataObject, prices: Prices, most: Most) -> None:
    called = target("anywhere", "anything", prices)
    worst = worst_nano(PRICES, called, most, NOON)
    cost = PRICES.cost_nano(called, data.draw(usages(most)), NOON)
    assert worst is not None
    assert cost is not None
    assert cost <= worst


def test_a_plain_call_is_bounded_by_its_plain_price() -> None:
    most = Most(input_tokens=1_000, output_tokens=100, choices=3)
    assert worst_nano(PRICES, target("openai", "gpt-4o-mini"), most, NOON) == 1_000 * 150 + 300 * 600


def test_what_is_read_may_be_written_to_the_cache_for_an_hour() -> None:
    most = Most(input_tokens=1_000, output_tokens=0)
    assert worst_nano(PRICES, target("anthropic", "claude-sonnet-4-5"), most, NOON) == 1_000 * 6_000


def test_text_alone_is_not_bounded_by_the_price_of_sound() -> None:
    most = Most(input_tokens=1_000, output_tokens=0, media=False)
    flash = target("google", "gemini-2.5-flash")
    assert worst_nano(PRICES, flash, most, NOON) == 1_000 * 300
    assert worst_nano(PRICES, flash, Most(input_tokens=1_000, output_tokens=0), NOON) == 1_000 * 1_000


def test_a_long_prompt_is_bounded_by_the_long_price_and_a_short_one_is_not() -> None:
    called = target("google", "gemini-2.5-pro")
    short, long = (Most(input_tokens=n, output_tokens=0) for n in (200_000, 200_001))
    assert worst_nano(PRICES, called, short, NOON) == 200_000 * 1_250
    assert worst_nano(PRICES, called, long, NOON) == 200_001 * 2_500


def test_a_tier_that_fails_over_to_the_standard_one_is_bounded_by_the_dearer() -> None:
    called = target("openai", "gpt-5")
    flex, priority = (Most(input_tokens=1_000, output_tokens=0, tier=tier) for tier in ("flex", "priority"))
    assert worst_nano(PRICES, called, flex, NOON) == 1_000 * 1_250
    assert worst_nano(PRICES, called, priority, NOON) == 1_000 * 2_500


def test_an_unpriced_tier_model_or_search_has_no_bound() -> None:
    plain = Most(input_tokens=1, output_tokens=1)
    assert (
        worst_nano(PRICES, target("openai", "gpt-4o"), Most(input_tokens=1, output_tokens=1, tier="scale"), NOON)
        is None
    )
    assert worst_nano(PRICES, target("openai", "no-such-model"), plain, NOON) is None
    assert worst_nano(PRICES, target("openai", "text-embedding-3-small"), plain, NOON) is None
    searching = Most(input_tokens=1, output_tokens=1, searches=1)
    assert worst_nano(PRICES, target("openai", "gpt-audio"), searching, NOON) is None


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({}, None),
        ({"service_tier": "flex"}, "flex"),
        ({"service_tier": None}, None),
        ({"service_tier": 7, "speed": ["fast"]}, None),
        ({"speed": "fast"}, "fast"),
        ({"speed": "standard", "inference_geo": "global"}, None),
        ({"speed": "fast", "service_tier": "standard_only", "inference_geo": "us"}, "fast@us"),
        ({"service_tier": "auto", "inference_geo": "us"}, "standard@us"),
        ({"service_tier": "priority", "speed": "fast"}, "priority fast"),
    ],
)
def test_what_decides_the_price_is_read_from_the_request(fields: dict[str, object], tier: str | None) -> None:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    ask = Ask(trace_id="t", dialect="anthropic", kind="chat", model="m", fields=raw, read_prompt=Prompt)
    assert tier_asked(ask) == tier


def test_inference_in_the_us_and_fast_sampling_are_bounded_by_their_prices() -> None:
    def worst(model: str, tier: str | None) -> int | None:
        most = Most(input_tokens=0, output_tokens=1_000, tier=tier)
        return worst_nano(PRICES, target("anthropic", model), most, NOON)

    assert worst("claude-opus-4-8", None) == 1_000 * 25_000
    assert worst("claude-opus-4-8", "standard@us") == 1_000 * 27_500
    assert worst("claude-opus-4-8", "fast") == 1_000 * 50_000
    assert worst("claude-opus-4-8", "fast@us") == 1_000 * 55_000
    assert worst("claude-sonnet-4-5", "fast") is None


def test_fees_for_requests_and_searches_are_in_it() -> None:
    searching = Most(input_tokens=0, output_tokens=0, searches=3)
    assert worst_nano(PRICES, target("anthropic", "claude-sonnet-4-5"), searching, NOON) == 30_000_000
    assert (
        worst_nano(PRICES, target("perplexity", "sonar-pro"), Most(input_tokens=0, output_tokens=0), NOON) is not None
    )
