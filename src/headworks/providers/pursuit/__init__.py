"""Pursue one call until it is answered: choose whom to ask, ask, try again or elsewhere, go on with a broken stream.

In: an ask, its route and its open trace. Out: a `Reply` whose chunks are those of one answer, whatever happened behind
it. Fails closed, after everything the policy allows: with the error that tells the caller most.
"""
