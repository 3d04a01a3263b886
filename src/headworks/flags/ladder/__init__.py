"""The degradation ladder: what answers when a feature is off, out of budget, too slow, or its providers are down."""

from headworks.flags.ladder.ladder import Ladder, Search

__all__ = ["Ladder", "Search"]
