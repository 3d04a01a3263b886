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
    # What this machine says to a shared server, and what it last heard there.
    """
    CREATE TABLE nodes (
        id TEXT PRIMARY KEY, boot TEXT NOT NULL, since INTEGER NOT NULL, epoch TEXT NOT NULL DEFAULT '',
        alive INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE sums (
        account TEXT NOT NULL, node TEXT NOT NULL, spent INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
        used_at INTEGER NOT NULL, PRIMARY KEY (account, node)
    ) WITHOUT ROWID;
    CREATE INDEX sums_by_time ON sums (used_at);
    CREATE INDEX sums_untold ON sums (used_at) WHERE spent > told;
    CREATE TABLE seen (
        account TEXT PRIMARY KEY, spent INTEGER NOT NULL, reserved INTEGER NOT NULL, base INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)
