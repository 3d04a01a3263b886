"""Accounts in a Redis or Valkey server: exact across all machines. Needs the extra `redis`.

What was spent is never kept in the server alone. Each machine writes what it debits into its own `budgets.sqlite`
first, as one growing sum for each account, and then tells the server the sum, not the difference. So telling it twice,
late, or to a server that came back empty is the same as telling it once.

`keeper.py` is the face; `server.py` and `scripts.py` are what the server is asked; `journal.py` is what this machine
keeps; `upkeep.py` is what happens beside the calls; `share.py` is how calls go on without the server.
"""
