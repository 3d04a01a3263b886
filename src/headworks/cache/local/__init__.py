"""Answers kept on this machine: in memory and on disk, bounded in bytes and time, and purged in all workers at once.

In goes an entry, out comes the same entry until it expires, is evicted, purged, or broken. Lookups and writes never
wait and never fail; a purge is done when it returns, or says that it could not be done.
"""

from headworks.cache.local.config import LocalSettings
from headworks.cache.local.memory import Memory
from headworks.cache.local.store import LocalStore
from headworks.cache.local.usage import Purged, TierUsage, Usage

__all__ = ["LocalSettings", "LocalStore", "Memory", "Purged", "TierUsage", "Usage"]
