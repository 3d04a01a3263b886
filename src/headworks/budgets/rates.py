"""Turn a price sheet into integers, once, so that a call is priced by a few multiplications, exactly.

A sheet prices kinds of tokens that lie inside each other: cached tokens are input tokens, too. What is paid for is
linear in the counts, so each kind's rate here is what it costs *more* (or less) than the kind around it, and shares are
never subtracted from totals at call time. All rates of a bracket share one denominator; only the sum is rounded.
"""

import math
from bisect import bisect_left
from fractions import Fraction

from msgspec import Struct

from headworks.core.messages import Prices
from headworks.core.replies import Usage


class Sheet(Struct, frozen=True, kw_only=True):
    """Prices in force, in nano-dollars for one token (search, request). None: not priced apart from what holds it."""

    input: Fraction
    output: Fraction | None = None
    cached: Fraction | None = None
    cache_write: Fraction | None = None
    cache_write_5m: Fraction | None = None
    cache_write_1h: Fraction | None = None
    reasoning: Fraction | None = None
    audio_input: Fraction | None = None
    image_input: Fraction | None = None
    cached_audio: Fraction | None = None
    cached_image: Fraction | None = None
    audio_output: Fraction | None = None
    web_search: Fraction | None = None
    request: Fraction = Fraction(0)


class Rates(Struct, frozen=True, kw_only=True):
    """A sheet compiled: rates over `per`. Those of shares are differences to the kind that holds them."""

    per: int
    input: int
    output: int | None
    cached: int
    cache_write_5m: int
    cache_write_1h: int
    reasoning: int
    audio_input: int
    image_input: int
    cached_audio: int
    cached_image: int
    audio_output: int
    web_search: int | None
    request: int

    def most(self, *, media: bool) -> tuple[int, int | None]:
        """The dearest that one token can be: of input, and of output (None: not priced). Over `per`.

        A token of input is plain, or read from or written to the cache once, and beside that text, sound or a picture
        once; the shares are added up as `cost_nano` adds them. Without `media` there is text only.
        """
        inside = self.input + max(0, self.cached, self.cache_write_5m, self.cache_write_1h)
        output = None if self.output is None else self.output + max(0, self.reasoning, self.audio_output)
        if not media:
            return inside, None if self.output is None else self.output + max(0, self.reasoning)
        return inside + max(0, self.audio_input, self.image_input) + max(
            0, self.cached_audio, self.cached_image
        ), output

    def cost_nano(self, usage: Usage) -> int | None:
        """Nano-dollars, rounded half to even; None when the usage holds something the sheet has no price for.

        A usage that contradicts itself (a share larger than its whole) is priced as if the share were the whole.
        """
        amount = self.request + self.input * usage.input_tokens
        if usage.output_tokens:
            if self.output is None:
                return None
            amount += self.output * usage.output_tokens + self._output_shares(usage)
        if usage.cached_tokens or usage.cache_write_tokens or usage.audio_input_tokens or usage.image_input_tokens:
            amount += self._input_shares(usage)
        if usage.web_searches:
            if self.web_search is None:
                return None
            amount += self.web_search * usage.web_searches
        return _rounded(amount, self.per)

    def _input_shares(self, usage: Usage) -> int:
        left = usage.input_tokens
        cached = min(usage.cached_tokens, left)
        write_5m = min(usage.cache_write_5m_tokens, left - cached)
        write_1h = min(usage.cache_write_1h_tokens, left - cached - write_5m)
        audio = min(usage.audio_input_tokens, left)
        image = min(usage.image_input_tokens, left - audio)
        # Few providers say how much of the cached part was sound or pictures: text is taken to be cached first.
        over = max(0, cached + write_5m + write_1h + audio + image - left)
        said_image, said_audio = usage.cached_image_tokens, usage.cached_audio_tokens
        cached_image = min(over if said_image is None else said_image, image, cached)
        over = max(0, over - cached_image)
        cached_audio = min(over if said_audio is None else said_audio, audio, cached - cached_image)
        return (
            self.cached * cached
            + self.cache_write_5m * write_5m
            + self.cache_write_1h * write_1h
            + self.audio_input * audio
            + self.image_input * image
            + self.cached_image * cached_image
            + self.cached_audio * cached_audio
        )

    def _output_shares(self, usage: Usage) -> int:
        audio = min(usage.audio_output_tokens, usage.output_tokens)
        return self.audio_output * audio + self.reasoning * min(usage.reasoning_tokens, usage.output_tokens - audio)


class TieredRates(Struct, frozen=True):
    """Rates by length of the prompt: `brackets[i]` holds while the input is over `starts[i - 1]` tokens, for all of it.

    Attributes:
        starts: Ascending; one less than there are brackets. Usually empty.
        brackets: Compiled rates.
        sheet: The sheet of the first bracket, as published.
        silent: True where sound has a price that is not known: a usage that holds some is unpriced.
    """

    starts: tuple[int, ...]
    brackets: tuple[Rates, ...]
    sheet: Sheet
    silent: bool = False

    def cost_nano(self, usage: Usage) -> int | None:
        """As `Rates.cost_nano`."""
        if self.silent and (usage.audio_input_tokens or usage.audio_output_tokens):
            return None
        bracket = bisect_left(self.starts, usage.input_tokens) if self.starts else 0
        return self.brackets[bracket].cost_nano(usage)


class Quote(Struct, frozen=True):
    """Rates (None: unpriced) and how long they hold: from `start_s` until just before `end_s`, Unix seconds."""

    rates: TieredRates | None
    start_s: float
    end_s: float


class Origin(Struct, frozen=True, kw_only=True):
    """Where the library's price of a model comes from.

    Attributes:
        price_id: The provider's id there.
        model: The model's id there, which may stand for several names.
        since: The day on which the price in force began, `2026-03-13`; None where the library does not date it.
        hours: The time of day it holds for, UTC, `16:30-00:30`; None for all day.
        until: The day on which another price begins; None when none is announced.
    """

    price_id: str
    model: str
    since: str | None = None
    hours: str | None = None
    until: str | None = None


def compile_sheet(sheet: Sheet) -> Rates:
    """The sheet as integers over their common denominator."""
    inside = sheet.input
    write = inside if sheet.cache_write is None else sheet.cache_write
    output = sheet.output or Fraction(0)
    exact = {
        "input": inside,
        "cached": _more(sheet.cached, inside),
        "cache_write_5m": _more(sheet.cache_write_5m, write) + write - inside,
        "cache_write_1h": _more(sheet.cache_write_1h, write) + write - inside,
        "reasoning": _more(sheet.reasoning, output),
        "audio_input": _more(sheet.audio_input, inside),
        "image_input": _more(sheet.image_input, inside),
        "cached_audio": _both(sheet.cached_audio, sheet.cached, sheet.audio_input, inside),
        "cached_image": _both(sheet.cached_image, sheet.cached, sheet.image_input, inside),
        "audio_output": _more(sheet.audio_output, output),
        "request": sheet.request,
    }
    per = math.lcm(*(rate.denominator for rate in (*exact.values(), output, sheet.web_search or Fraction(0))))
    return Rates(
        per=per,
        output=_times(sheet.output, per),
        web_search=_times(sheet.web_search, per),
        **{name: int(rate * per) for name, rate in exact.items()},
    )


def config_cost_nano(prices: Prices, usage: Usage) -> int:
    """Nano-dollars by a config's own prices. They are all its owner wants counted: searches are not charged."""
    left = usage.input_tokens
    cached = min(usage.cached_tokens, left)
    write_5m = min(usage.cache_write_5m_tokens, left - cached)
    write_1h = min(usage.cache_write_1h_tokens, left - cached - write_5m)
    reasoning = min(usage.reasoning_tokens, usage.output_tokens)
    return (
        (left - cached - write_5m - write_1h) * prices.input
        + cached * _or(prices.cached, prices.input)
        + write_5m * _or(prices.cache_write_5m, prices.input)
        + write_1h * _or(prices.cache_write_1h, prices.input)
        + (usage.output_tokens - reasoning) * prices.output
        + reasoning * _or(prices.reasoning, prices.output)
    )


def _times(rate: Fraction | None, per: int) -> int | None:
    return None if rate is None else int(rate * per)


def _or(price: int | None, otherwise: int) -> int:
    return otherwise if price is None else price


def _more(share: Fraction | None, whole: Fraction) -> Fraction:
    return Fraction(0) if share is None else share - whole


def _both(both: Fraction | None, cached: Fraction | None, modality: Fraction | None, inside: Fraction) -> Fraction:
    """What a token that is cached *and* of a modality costs beyond the two differences that count it already."""
    return Fraction(0) if both is None else both - inside - _more(cached, inside) - _more(modality, inside)


def _rounded(amount: int, per: int) -> int:
    if per == 1:
        return amount
    whole, rest = divmod(amount, per)
    twice = rest * 2
    return whole + (twice > per or (twice == per and whole % 2 == 1))
