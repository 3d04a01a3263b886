"""Price calls by the price library, or by the config's own prices, which win.

A resolved price is kept per provider, model and tier for as long as it cannot change (a UTC day at most), so pricing a
call is one look-up and a few multiplications. The library is loaded in a thread when the room starts; a call that ends
before that is done waits for it rather than going down as unpriced.
"""

import asyncio
import importlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol, cast

from headworks.budgets.outputs import most_written
from headworks.budgets.rates import Origin, Quote, TieredRates, config_cost_nano
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Ask, Prices, Target
from headworks.core.replies import Usage

KEPT_QUOTES = 2_000


class PriceList:
    """Satisfies `core.protocols.Pricing` and `Room`.

    Args:
        price_ids: For each provider of the config its id in the price library; None when it has none there.
        tokens: Counts what a provider did not.
    """

    def __init__(self, price_ids: Mapping[str, str | None], tokens: TokenCounter) -> None:
        self._price_ids = price_ids
        self._tokens = tokens
        self._quotes: dict[tuple[str, str, str | None], Quote] = {}
        self._windows: dict[tuple[str, str], int | None] = {}
        self._loading: asyncio.Future[object] | None = None

    async def start(self) -> None:
        """Begin to load the library, in a thread; does not wait for it."""
        if any(self._price_ids.values()):
            self._loading = asyncio.get_running_loop().run_in_executor(None, _library)

    async def stop(self) -> None:
        """Wait for the thread, if it is still loading."""
        if self._loading is not None:
            await self._loading

    def cost_nano(self, target: Target, usage: Usage, at_s: float) -> int | None:
        """Nano-dollars for `usage` at the prices in force at `at_s` (Unix seconds); None when no price is known."""
        if target.prices is not None:
            return config_cost_nano(target.prices, usage)
        rates = self.rates(target, usage.service_tier, at_s)
        return None if rates is None else rates.cost_nano(usage)

    def prices(self, target: Target, at_s: float) -> Prices | None:
        """The prices for short prompts in the standard tier, to the nearest nano-dollar per token; None if unpriced."""
        if target.prices is not None:
            return target.prices
        rates = self.rates(target, None, at_s)
        if rates is None:
            return None
        sheet = rates.sheet
        return Prices(
            input=round(sheet.input),
            output=round(sheet.output or 0),
            cached=_whole(sheet.cached),
            cache_write_5m=_whole(sheet.cache_write_5m or sheet.cache_write),
            cache_write_1h=_whole(sheet.cache_write_1h or sheet.cache_write),
            reasoning=_whole(sheet.reasoning),
        )

    def context_tokens(self, target: Target) -> int | None:
        """Tokens that a target reads and writes in one call: the config's word, else the library's; None if unknown."""
        price_id = self._price_ids.get(target.provider)
        if target.context_tokens is not None or price_id is None:
            return target.context_tokens
        key = (target.provider, target.provider_model)
        if key not in self._windows:
            if len(self._windows) >= KEPT_QUOTES:
                self._windows.clear()
            self._windows[key] = _library().context_window(price_id, target.provider_model)
        return self._windows[key]

    def max_output_tokens(self, target: Target) -> int | None:
        """Tokens that a target writes in one answer at most: the config's word, else what is known; None if nothing."""
        return target.max_output_tokens or most_written(target.provider_model)

    def estimate(self, target: Target, ask: Ask, output_text: str) -> Usage:
        """What a call used, counted here, for a provider that never said. `estimated` is True."""
        return self._tokens.estimate(target, ask, output_text)

    def rates(self, target: Target, tier: str | None, at_s: float) -> TieredRates | None:
        """The library's rates for `target` in a service tier, whatever the config says; None when unpriced."""
        key = (target.provider, target.provider_model, tier)
        kept = self._quotes.get(key)
        if kept is None or not kept.start_s <= at_s < kept.end_s:
            price_id = self._price_ids.get(target.provider)
            if price_id is None:
                return None
            kept = _library().quote(price_id, target.provider_model, tier, at_s)
            if len(self._quotes) >= KEPT_QUOTES:  # clients may ask for endless model names and tiers
                self._quotes.clear()
            self._quotes[key] = kept
        return kept.rates


def library_origin(price_id: str | None, model: str, at_s: float) -> Origin | None:
    """Where the library's price of a model comes from; None when it knows no such provider or model."""
    return None if price_id is None else _library().origin(price_id, model, at_s)


class _Library(Protocol):
    """The module that knows the price library, as far as it is used here."""

    def quote(self, price_id: str, model: str, tier: str | None, at_s: float) -> Quote:
        """The rates of a model."""

    def origin(self, price_id: str, model: str, at_s: float) -> Origin | None:
        """Where a price comes from."""

    def context_window(self, price_id: str, model: str) -> int | None:
        """How much a model reads and writes."""


def _library() -> _Library:
    """The library; the first caller imports it, others wait for that."""
    return cast("_Library", importlib.import_module("headworks.budgets.library"))


def _whole(rate: Fraction | None) -> int | None:
    return None if rate is None else round(rate)
