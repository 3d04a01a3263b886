"""Tables of `semantic.sqlite`.

Ids of rows grow with time, also when a row is written again: whoever has read up to an id finds what is new behind it.
`gone` numbers what was deleted, for the memories of the other workers. `rules` are `cache.local`'s: what was purged
lately, so that nothing that was waiting to be written brings it back. `rank` orders embedding models by when they
came into use.
"""

FILE = "semantic.sqlite"
LOCK = "semantic.lock"
ROOM = "semantic"
STEPS = (
    """
    CREATE TABLE encoders (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, dims INTEGER NOT NULL, rank INTEGER NOT NULL, UNIQUE (name, dims)
    ) STRICT;
    CREATE TABLE vectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key BLOB NOT NULL UNIQUE, partition BLOB NOT NULL, encoder INTEGER NOT NULL,
        org TEXT NOT NULL, user TEXT NOT NULL, feature TEXT NOT NULL, model TEXT NOT NULL,
        prompt TEXT NOT NULL, corpus TEXT NOT NULL, tags TEXT NOT NULL,
        created_s REAL NOT NULL, expires_s REAL NOT NULL,
        digest BLOB NOT NULL, data BLOB NOT NULL
    ) STRICT;
    CREATE INDEX vectors_by_end ON vectors (expires_s);
    CREATE INDEX vectors_by_user ON vectors (user) WHERE user <> '';
    CREATE INDEX vectors_by_encoder ON vectors (encoder);
    CREATE TABLE gone (number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, at_s REAL NOT NULL) STRICT;
    CREATE TABLE rules (number INTEGER PRIMARY KEY, at_s REAL NOT NULL, meaning BLOB NOT NULL) STRICT;
    """,
)
