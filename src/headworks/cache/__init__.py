"""Answer from what was answered before: to the letter (exact), joined to a call under way, or by meaning (semantic).

In goes an ask with its route, out comes a reply, or word that the provider must be called and its answer is wanted
here. An entry's key holds everything that the answer depends on, so no two calls that differ in any of it share an
answer, in any kind of cache. Fails open: a cache that is broken, slow or away costs a hit, never a call.
"""
