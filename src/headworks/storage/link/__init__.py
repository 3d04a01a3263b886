"""The way to a Redis or Valkey server: its URL, one connection, a connection kept up, and when to leave it alone.

`wire.py` is the only file that knows the Redis client.
"""
