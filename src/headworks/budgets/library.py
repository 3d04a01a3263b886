"""The price library's data as sheets: which prices are in force for a model, at a moment, in a service tier.

This is the only file that imports `genai_prices`, which takes a third of a second and 17 MB; `prices.py` loads it in a
thread. Facts of the library, read in its source (version 0.2.3): token totals include their shares;
times are UTC; the last condition that holds wins; a context that selects no variant silently leaves standard prices,
which is why tiers are looked up here first.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import ModelInfo, Provider, StartDateConstraint, TieredPrices, TimeOfDateConstraint

from headworks.budgets.rates import Origin, Quote, Sheet, TieredRates, compile_sheet
from headworks.budgets.supplements import call_fee, sound_is_apart, surcharge

STANDARD_TIERS = frozenset({"standard", "default", "auto", "on_demand"})
"""Names under which providers report that a call ran at the standard price."""

_PROVIDERS = get_snapshot().providers  # here, because the library imports its data only when it is first asked

# Sheet field -> key of the library, and nano-dollars per unit for one dollar in the library's unit.
_PER_TOKEN = Fraction(1_000)  # dollars per million tokens
_PER_EVENT = Fraction(1_000_000)  # dollars per thousand events
_FIELDS = {
    "input": ("input_mtok", _PER_TOKEN),
    "output": ("output_mtok", _PER_TOKEN),
    "cached": ("cache_read_mtok", _PER_TOKEN),
    "cache_write": ("cache_write_mtok", _PER_TOKEN),
    "cache_write_5m": ("cache_write_5m_mtok", _PER_TOKEN),
    "cache_write_1h": ("cache_write_1h_mtok", _PER_TOKEN),
    "reasoning": ("output_reasoning_mtok", _PER_TOKEN),
    "audio_input": ("input_audio_mtok", _PER_TOKEN),
    "image_input": ("input_image_mtok", _PER_TOKEN),
    "cached_audio": ("cache_audio_read_mtok", _PER_TOKEN),
    "cached_image": ("cache_image_read_mtok", _PER_TOKEN),
    "audio_output": ("output_audio_mtok", _PER_TOKEN),
    "web_search": ("web_searches_kcount", _PER_EVENT),
    "request": ("requests_kcount", _PER_EVENT),
}
# What no call of this gateway can buy: a price for it changes nothing.
_WITHOUT_EFFECT = frozenset(
    {"storage_searches_kcount", "social_searches_kcount", "code_executions_kcount", "input_video_mtok"}
)
_KNOWN = frozenset(key for key, _ in _FIELDS.values()) | _WITHOUT_EFFECT


def quote(price_id: str, model: str, tier: str | None, at_s: float) -> Quote:
    """The rates of `model` at the provider `price_id` of the library, at a moment, in a service tier.

    Unpriced are: a provider, model or tier that the library does not know, a model without a price for input tokens,
    and one that charges for something no usage reports (output pictures, seconds, characters, pages).
    """
    at = datetime.fromtimestamp(at_s, UTC)
    # Not by the snapshot's own look-up: that keeps every name it was ever asked for.
    provider = find_provider_by_id(_PROVIDERS, price_id)
    info = provider.find_model(model, all_providers=_PROVIDERS) if provider else None
    if provider is None or info is None:
        return Quote(None, *_window(None, at))
    tier, place = surcharge(price_id, tier)
    context = _context(provider, info, tier, at)
    prices = None if context is None else info.get_prices(at, context or None)
    if prices is None:
        return Quote(None, *_window(info, at))
    known = {key: price for key, price in vars(prices).items() if price is not None}
    if (fee := call_fee(price_id, info.id)) is not None:
        known["requests_kcount"] = fee
    return Quote(_rates(known, place, silent=sound_is_apart(price_id)), *_window(info, at))


def origin(price_id: str, model: str, at_s: float) -> Origin | None:
    """Where the price of `model` comes from that is in force at a moment; None when the library knows no such model."""
    at = datetime.fromtimestamp(at_s, UTC)
    provider = find_provider_by_id(_PROVIDERS, price_id)
    info = provider.find_model(model, all_providers=_PROVIDERS) if provider else None
    if info is None:
        return None
    rows = info.prices if isinstance(info.prices, list) else []
    days = [row.constraint.start_date for row in rows if isinstance(row.constraint, StartDateConstraint)]
    later = min((day for day in days if day > at.date()), default=None)
    # As the library chooses: the last row that holds, else the first.
    chosen = next(
        (row.constraint for row in reversed(rows) if row.constraint is None or row.constraint.active(at)), None
    )
    since = chosen.start_date if isinstance(chosen, StartDateConstraint) else None
    hours = chosen if isinstance(chosen, TimeOfDateConstraint) else None
    return Origin(
        price_id=price_id,
        model=info.id,
        since=since.isoformat() if since else None,
        hours=f"{hours.start_time:%H:%M}-{hours.end_time:%H:%M}" if hours else None,
        until=later.isoformat() if later else None,
    )


def context_window(price_id: str, model: str) -> int | None:
    """Tokens that a model reads and writes in one call, as the library knows it; None when it does not."""
    provider = find_provider_by_id(_PROVIDERS, price_id)
    info = provider.find_model(model, all_providers=_PROVIDERS) if provider else None
    return info.context_window if info else None


def _context(provider: Provider, info: ModelInfo, tier: str | None, at: datetime) -> dict[str, str] | None:
    """What selects the tier's prices in the library: nothing for standard, None when it knows no such tier."""
    if tier is None or tier in STANDARD_TIERS:
        return {}
    # A model borrowed from another provider's list keeps that provider's standard prices only.
    if not any(info is model for model in provider.models):
        return None
    known = [v.when for v in info.price_variants or () if v.constraint is None or v.constraint.active(at)]
    return next((when for key in ("processing", "service_tier", "speed") if (when := {key: tier}) in known), None)


def _rates(known: dict[str, Decimal | TieredPrices], place: Fraction, *, silent: bool) -> TieredRates | None:
    if "input_mtok" not in known or not known.keys() <= _KNOWN:
        return None
    starts = sorted({tier.start for price in known.values() if isinstance(price, TieredPrices) for tier in price.tiers})
    silent = silent and not known.keys() & {"input_audio_mtok", "output_audio_mtok"}
    sheets = [_sheet(known, length, place) for length in (0, *(start + 1 for start in starts))]
    return TieredRates(tuple(starts), tuple(compile_sheet(sheet) for sheet in sheets), sheets[0], silent)


def _sheet(known: dict[str, Decimal | TieredPrices], input_tokens: int, place: Fraction) -> Sheet:
    """The prices that hold for a prompt of this length, those for tokens times the surcharge of the place."""
    return Sheet(
        **{
            field: Fraction(_at_length(known[key], input_tokens)) * unit * (place if unit == _PER_TOKEN else 1)
            for field, (key, unit) in _FIELDS.items()
            if key in known
        }
    )


def _at_length(price: Decimal | TieredPrices, input_tokens: int) -> Decimal:
    if not isinstance(price, TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
    return reached[-1] if reached else price.base


def _window(info: ModelInfo | None, at: datetime) -> tuple[float, float]:
    """A stretch around `at` in which no condition can change: a UTC day, cut at the hours of off-peak prices."""
    midnight = datetime.combine(at.date(), time.min, UTC)
    edges = [midnight, midnight + timedelta(days=1)]
    edges += [datetime.combine(at.date(), hour) for hour in _hours(info)]
    return max(e for e in edges if e <= at).timestamp(), min(e for e in edges if e > at).timestamp()


def _hours(info: ModelInfo | None) -> Iterator[time]:
    """Times of day, UTC, at which a price of the model begins or ends."""
    if info is None:
        return
    conditional = info.prices if isinstance(info.prices, list) else ()
    for constraint in (*(c.constraint for c in conditional), *(v.constraint for v in info.price_variants or ())):
        if isinstance(constraint, TimeOfDateConstraint):
            for hour in (constraint.start_time, constraint.end_time):
                moment = datetime(2000, 1, 1, hour.hour, hour.minute, hour.second, hour.microsecond, hour.tzinfo or UTC)
                yield moment.astimezone(UTC).timetz()
