"""What calls cost: prices, and token counts where the provider gives none.

In: a `Target` and its `Usage`. Out: integer nano-dollars, or None where no price is known: an unpriced call is never
reported as free. Fails open: a call is not refused because it cannot be priced.
"""

from headworks.budgets.prices import PriceList
from headworks.budgets.tokens import Count, TokenCounter

__all__ = ["Count", "PriceList", "TokenCounter"]
