"""Our integers against the library's own Decimal arithmetic, for every model it lists and any usage."""

from datetime import UTC, datetime
from decimal import Decimal

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Usage as LibraryUsage
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.budgets.library import STANDARD_TIERS, quote
from headworks.core.money import nano_from_usd
from headworks.core.replies import Usage

PROVIDERS = get_snapshot().providers
MODELS = [(provider.id, model.id) for provider in PROVIDERS for model in provider.models]
counts = st.one_of(st.integers(0, 50), st.integers(0, 400_000))


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A usage whose shares fit into its totals; sound and pictures are cached only after all text is."""
    text, audio, image, output = draw(counts), draw(counts), draw(counts), draw(counts)
    cached = draw(st.integers(0, text + audio + image))
    left = max(0, text - cached)
    write_5m = draw(st.integers(0, left))
    write_1h = draw(st.integers(0, left - write_5m))
    reasoning = draw(st.integers(0, output))
    return Usage(
        input_tokens=text + audio + image,
        output_tokens=output,
        cached_tokens=cached,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=reasoning,
        audio_input_tokens=audio,
        image_input_tokens=image,
        audio_output_tokens=draw(st.integers(0, output - reasoning)),
        web_searches=draw(st.integers(0, 20)),
        service_tier=draw(st.sampled_from([None, "default", "standard", "flex", "priority", "batch", "fast", "scale"])),
    )


def for_library(usage: Usage) -> LibraryUsage:
    text = usage.input_tokens - usage.audio_input_tokens - usage.image_input_tokens
    over = max(0, usage.cached_tokens - text)
    cached_image = min(over, usage.image_input_tokens)
    return LibraryUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_5m_tokens=usage.cache_write_5m_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        cache_image_read_tokens=cached_image,
        cache_audio_read_tokens=over - cached_image,
        output_reasoning_tokens=usage.reasoning_tokens,
        input_audio_tokens=usage.audio_input_tokens,
        input_image_tokens=usage.image_input_tokens,
        input_text_tokens=text,
        output_audio_tokens=usage.audio_output_tokens,
        web_searches=usage.web_searches,
    )


def library_cost(price_id: str, model: str, usage: Usage, at_s: float) -> Decimal:
    tier = usage.service_tier
    context = {"processing": "batch"} if tier == "batch" else {"service_tier": tier} if tier else None
    if tier in STANDARD_TIERS:
        context = None
    at = datetime.fromtimestamp(at_s, UTC)
    return get_snapshot().calc(for_library(usage), model, price_id, None, at, context).total_price


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MODELS), usages(), st.integers(1_735_689_600, 1_798_761_600))
def test_every_price_is_the_librarys_to_the_nano_dollar(listed: tuple[str, str], usage: Usage, at_s: int) -> None:
    rates = quote(*listed, usage.service_tier, at_s).rates
    cost = None if rates is None else rates.cost_nano(usage)
    if cost is not None:
        assert cost == nano_from_usd(library_cost(*listed, usage, at_s))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(MODELS), st.integers(1_735_689_600, 1_798_761_600), st.floats(0, 1))
def test_a_quote_holds_for_as_long_as_it_says(listed: tuple[str, str], at_s: int, share: float) -> None:
    first = quote(*listed, None, at_s)
    assert first.start_s <= at_s < first.end_s
    within = min(first.start_s + share * (first.end_s - first.start_s), first.end_s - 0.001)
    assert quote(*listed, None, within) == first


numbers = st.integers(0, 10**9)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MODELS), st.builds(Usage, **dict.fromkeys(Usage.__struct_fields__[:10], numbers)))
def test_no_usage_however_absurd_costs_less_than_nothing(listed: tuple[str, str], usage: Usage) -> None:
    rates = quote(*listed, None, 1_795_000_000).rates
    cost = None if rates is None else rates.cost_nano(usage)
    assert cost is None or cost >= 0
