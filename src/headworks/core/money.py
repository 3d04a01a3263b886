"""Money as integer nano-dollars: exact to add, exact to compare, small to store.

One US dollar is 1_000_000_000 nano-dollars. A price of 0.15 USD per million tokens is 150 nano-dollars a token, and the
cheapest prices in use (0.01 USD per million) are still whole numbers, so sums never drift. Floats never enter.
"""

from decimal import ROUND_HALF_EVEN, Decimal

NANO_PER_USD = 1_000_000_000
_NANO = Decimal(NANO_PER_USD)
_CENT_OF_MILLI = Decimal("0.000000001")


def nano_from_usd(usd: Decimal) -> int:
    """Dollars to nano-dollars, rounded half to even on the last nano."""
    return int((usd * _NANO).to_integral_value(rounding=ROUND_HALF_EVEN))


def usd_from_nano(nano: int) -> Decimal:
    """Nano-dollars to an exact `Decimal` of dollars."""
    return (Decimal(nano) / _NANO).quantize(_CENT_OF_MILLI)


def usd_text(nano: int) -> str:
    """Dollars as plain text without exponent or trailing zeros: `0.00023`, `0`, `12.5`."""
    dollars, rest = divmod(abs(nano), NANO_PER_USD)
    text = f"{dollars}.{rest:09d}".rstrip("0").rstrip(".")
    return text if nano >= 0 else f"-{text}"
