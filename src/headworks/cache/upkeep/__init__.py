"""What an operator does with the cache: count, invalidate, prove that it is gone, and see what it does.

In goes a `Where`, out come numbers by tier. Fails closed: what cannot be invalidated everywhere is an error that says
where.
"""

from headworks.cache.upkeep.metrics import CacheMetrics
from headworks.cache.upkeep.stats import SemanticRow, Stats
from headworks.cache.upkeep.tiers import Gone, LocalTiers, Report, SharedTier, Tier, TierRow, Troubles
from headworks.cache.upkeep.upkeep import Invalidated, Upkeep

__all__ = [
    "CacheMetrics",
    "Gone",
    "Invalidated",
    "LocalTiers",
    "Report",
    "SemanticRow",
    "SharedTier",
    "Stats",
    "Tier",
    "TierRow",
    "Troubles",
    "Upkeep",
]
