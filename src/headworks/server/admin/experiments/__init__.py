"""Experiments from outside: their routes, and the reader of their records, which needs no FastAPI."""
