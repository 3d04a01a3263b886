"""The accounts of the budgets room: how much of each limit is spent, and how much is promised to calls under way.

In: claims of a call on the accounts it counts for. Out: all of them granted together, or the first that does not fit.
Every implementation keeps the rules of `protocol.py`; tests/contract holds them to it.
"""
