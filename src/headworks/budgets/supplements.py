"""What the price library does not know. The figures are data, in `supplements.toml`."""

import tomllib
from decimal import Decimal
from fractions import Fraction
from importlib import resources

import msgspec
from msgspec import Struct


class _Place(Struct, frozen=True):
    provider: str
    name: str
    factor: str


class _Call(Struct, frozen=True):
    provider: str
    model: str
    usd_per_thousand: str


class _Supplements(Struct, frozen=True):
    sound_apart: frozenset[str]
    place: tuple[_Place, ...]
    call: tuple[_Call, ...]


def _read() -> _Supplements:
    text = resources.files("headworks.budgets").joinpath("supplements.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Supplements)


_ROWS = _read()
_PLACES = {(row.provider, row.name): Fraction(row.factor) for row in _ROWS.place}
_CALLS = {(row.provider, row.model): Decimal(row.usd_per_thousand) for row in _ROWS.call}


def surcharge(provider: str, tier: str | None) -> tuple[str | None, Fraction]:
    """The tier without its place (`fast@us`: `fast`), and what tokens cost there, 1 being the usual.

    A place that nobody knows stays in the tier, which has no price then.
    """
    name, _, place = (tier or "").partition("@")
    factor = _PLACES.get((provider, place))
    return (tier, Fraction(1)) if factor is None else (name, factor)


def call_fee(provider: str, model: str) -> Decimal | None:
    """Dollars for a thousand calls of a model, beside their tokens; None where the library's word counts."""
    return _CALLS.get((provider, model))


def sound_is_apart(provider: str) -> bool:
    """Whether a provider never sells sound at the price of text."""
    return provider in _ROWS.sound_apart
