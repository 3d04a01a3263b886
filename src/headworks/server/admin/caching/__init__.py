"""The admin API of the cache."""
