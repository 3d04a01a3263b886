"""The trace ledger: one SQLite file of records, one file of captured bodies per day, and the ways to ask them."""
