"""The tier of the cache that several nodes share: a Redis (7 or later) or Valkey (7.2 or later) server.

`store.py` keeps the entries, `rules.py` tells every node what was purged, `feed.py` lets every node follow what the
others add. Nothing here is imported unless `shared` is configured, but `link/url.py`, which checks the URL and needs no
Redis client. Fails open: a server that is slow, away, full or turns us away costs a call a few milliseconds and then
nothing; only a purge says that it could not be done.

Entries are found for a purge by a walk over all keys (SCAN), each of which carries a short header, and not by index
sets per facet. A walk takes about half a minute per million entries, in steps between which look-ups go on, while an
administrator waits. An index costs every write, names users in its keys, and finds nothing of what was evicted from it
or lost with it: proof that nothing is left must not hang on an index being whole.
"""
