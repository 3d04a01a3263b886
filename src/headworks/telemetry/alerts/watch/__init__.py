"""Watches: once a minute, the trace ledger and the providers' health are held against the usual and the promised.

One worker of a data directory looks at a time (`rounds.py`). A watch says what is wrong now; that it is over follows
from its silence.
"""
