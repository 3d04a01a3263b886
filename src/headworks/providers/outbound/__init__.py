"""The way out: pooled connections to providers, one exchange over each at a time, every wait with an end."""
