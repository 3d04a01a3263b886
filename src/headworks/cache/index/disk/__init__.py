"""Vectors on disk: one SQLite file that all workers of a machine write to and follow. Fails open, but for a purge."""
