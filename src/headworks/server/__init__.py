"""The HTTP edge: who asks, in which dialect, and how the answer goes out.

In: ASGI requests. Out: dialect-shaped JSON or event streams, and for every failure a dialect-shaped error with a stable
code. Identity is checked before a body is read. Endpoints are found in one table of exact paths, without middleware.
"""
