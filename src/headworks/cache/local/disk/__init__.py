"""Cached answers on disk: one SQLite file that all workers of a machine share. Fails open, but for a purge."""

from headworks.cache.local.disk.disk import Disk

__all__ = ["Disk"]
