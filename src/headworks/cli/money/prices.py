"""`headworks prices`: which price applies to a model, where it comes from and since when."""

import os
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from msgspec import Struct

from headworks.budgets import PriceList, TokenCounter
from headworks.budgets.prices import library_origin
from headworks.budgets.rates import TieredRates
from headworks.cli.money.again import planned, targets_of
from headworks.cli.output import AsJson, json_text, table
from headworks.config import Config, find_config, links, named_models, price_list, router
from headworks.core.clock import SystemClock, rfc3339
from headworks.core.messages import Target
from headworks.telemetry.ledger.rollups.wish import moment_ms

_KINDS = {
    "input": "input",
    "output": "output",
    "cached": "cached",
    "write_5m": "cache_write_5m",
    "write_1h": "cache_write_1h",
    "reasoning": "reasoning",
}
_MORE = ("audio_input", "image_input", "cached_audio", "cached_image", "audio_output")
_COLUMNS = ("model", "provider", "provider_model", *_KINDS, "from", "since", "note")
_MTOK = 1_000


class _Price(Struct):
    """Of one model: dollars per million tokens, by kind; where they come from."""

    prices: dict[str, str | None]
    source: str | None
    since: str | None = None
    until: str | None = None
    notes: list[str] = []


def prices(
    model: list[str] | None = None, /, *, at: str | None = None, config: Path | None = None, json: AsJson = False
) -> int:
    """Show which price applies to each model of the config, in dollars per million tokens, and since when.

    Example: headworks prices

    Example: headworks prices openai/gpt-4o --at 2026-03-01

    Args:
        model: Only these: models of the config, or names as provider/model. Left out: all of the config.
        at: The prices in force then: 2026-03-01, a time, or an age such as 90d. Left out: now.
        config: The config. Left out: the one HEADWORKS_CONFIG names, else what the environment alone gives.
        json: Print JSON for programs.

    Returns:
        Exit code: 0, also when a model is unpriced, which is shown.
    """
    found = find_config(config, os.environ)
    now_s = SystemClock().now()
    at_s = now_s if at is None else moment_ms("at", at, now_s) / 1000
    known = price_list(found, TokenCounter())
    rows = [_row(target, _price(found, known, target, at_s)) for target in _chosen(found, model or [])]
    if json:
        print(json_text({"at": rfc3339(at_s), "models": rows}))
    else:
        print(table([_readable(row) for row in rows], _COLUMNS))
        print(
            f"\nUS dollars per million tokens, in force at {rfc3339(at_s)}. A price that is `-` is part of its whole."
        )
    return 0


def _chosen(config: Config, names: list[str]) -> Iterator[Target]:
    """Raises BadAskError for a name that the config does not serve."""
    own = targets_of(config)
    if not names:
        yield from own.values() or (_bare(f"{provider}/{model}") for provider, model in sorted(named_models(config)))
        return
    served = router(config)
    for name in names:
        provider, _, model = name.partition("/")
        if name in own:
            yield own[name]
        elif provider in config.providers and model:
            yield _bare(name)
        else:
            yield planned(served, None, name).targets[0]


def _bare(name: str) -> Target:
    provider, _, model = name.partition("/")
    return Target(name=name, provider=provider, provider_model=model, dialect="")


def _price(config: Config, known: PriceList, target: Target, at_s: float) -> _Price:
    own = target.prices
    if own is not None:
        nano = {kind: getattr(own, name) for kind, name in _KINDS.items()}
        shown = {kind: None if rate is None else _usd(Fraction(rate)) for kind, rate in nano.items()}
        return _Price(shown, "config")
    rates = known.rates(target, None, at_s)
    if rates is None:
        return _Price(
            dict.fromkeys(_KINDS), None, notes=["unpriced: no price is known, and a budget in money refuses it"]
        )
    origin = library_origin(links(config)[target.provider].price_id, target.provider_model, at_s)
    assert origin is not None, "rates are those of a model that the library knows"
    notes = [*([f"as {origin.model}"] if origin.model != target.provider_model else []), *_notes(rates)]
    notes += [f"from {origin.hours} UTC"] if origin.hours else []
    return _Price(_published(rates), f"library: {origin.price_id}", origin.since, origin.until, notes)


def _published(rates: TieredRates) -> dict[str, str | None]:
    sheet = rates.sheet
    write = {
        "write_5m": sheet.cache_write_5m or sheet.cache_write,
        "write_1h": sheet.cache_write_1h or sheet.cache_write,
    }
    found = {kind: write.get(kind, getattr(sheet, name)) for kind, name in _KINDS.items()}
    return {kind: None if rate is None else _usd(rate) for kind, rate in found.items()}


def _notes(rates: TieredRates) -> Iterator[str]:
    sheet = rates.sheet
    for name in _MORE:
        if (rate := getattr(sheet, name)) is not None:
            yield f"{name} {_usd(rate)}"
    if sheet.web_search is not None:
        yield f"{_plain(sheet.web_search / 1_000_000)} for 1000 searches"
    if sheet.request:
        yield f"{_plain(sheet.request / 1_000_000)} for 1000 calls"
    for start, bracket in zip(rates.starts, rates.brackets[1:], strict=True):
        inside, outside = Fraction(bracket.input, bracket.per), Fraction(bracket.output or 0, bracket.per)
        yield f"over {start} tokens of prompt: input {_usd(inside)}, output {_usd(outside)}"


def _row(target: Target, price: _Price) -> dict[str, Any]:
    return {
        "model": target.name,
        "provider": target.provider,
        "provider_model": target.provider_model,
        "priced": price.source is not None,
        "usd_per_mtok": price.prices,
        "from": price.source,
        "since": price.since,
        "until": price.until,
        "notes": price.notes,
    }


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    notes = [*row["notes"], *([f"until {row['until']}"] if row["until"] else [])]
    shown = row["usd_per_mtok"] if row["priced"] else {**row["usd_per_mtok"], "input": "unpriced"}
    return {**row, **shown, "note": "; ".join(notes) or None}


def _usd(nano_per_token: Fraction) -> str:
    return _plain(nano_per_token / _MTOK)


def _plain(number: Fraction) -> str:
    """Exact where a decimal can be; prices are published as decimals."""
    return f"{(Decimal(number.numerator) / Decimal(number.denominator)).normalize():f}"
