"""The tables of the embedded accounts, in `budgets.sqlite`."""

FILE = "budgets.sqlite"
ROOM = "budgets"
STEPS = (
    """
    CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL DEFAULT 0,
        reserved INTEGER NOT NULL DEFAULT 0, used_at INTEGER NOT NULL
    );
    CREATE TABLE holds (
        hold TEXT PRIMARY KEY, worker TEXT NOT NULL, at REAL NOT NULL, claims TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE settlements (
        hold TEXT PRIMARY KEY, at INTEGER NOT NULL, nano INTEGER NOT NULL, tokens INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX settlements_by_time ON settlements (at, nano, tokens);
    """,
)
