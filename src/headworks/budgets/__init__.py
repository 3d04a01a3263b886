"""What calls cost and what they may cost: prices, token counts, budgets and rate limits.

In: a `Target` and its `Usage`. Out: integer nano-dollars, or None where no price is known: an unpriced call is never
reported as free. And before a call is made: a `Hold` of the most that it can cost, settled at the truth when it is
over.
Prices fail open: a call is not refused because it cannot be priced, unless a budget in money applies to it. Budgets
fail closed: what cannot be reserved is not spent.
"""

from headworks.budgets.holds.treasury import Treasury
from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import Count, TokenCounter

__all__ = ["Count", "PriceList", "TokenCounter", "Treasury"]
