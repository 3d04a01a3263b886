"""Tables of `cache.sqlite`, and what is meant in them as SQL.

What entries are found by lies apart from the answers, so that a purge reads little. `used` counts batches of writes,
not time: a clock that jumps does not change what was used last. Freed space is overwritten (`secure_delete`).
"""

from typing import Any

import msgspec

from headworks.cache.entries import Facets
from headworks.cache.where import Where

FILE = "cache.sqlite"
ROOM = "cache"
STEPS = (
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        org TEXT NOT NULL, user TEXT NOT NULL, feature TEXT NOT NULL, model TEXT NOT NULL,
        prompt TEXT NOT NULL, corpus TEXT NOT NULL, tags TEXT NOT NULL,
        created_s REAL NOT NULL, expires_s REAL NOT NULL,
        used INTEGER NOT NULL, size INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX entries_by_use ON entries (used);
    CREATE INDEX entries_by_end ON entries (expires_s);
    CREATE INDEX entries_by_user ON entries (user) WHERE user <> '';
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY REFERENCES entries (id) ON DELETE CASCADE,
        raw_size INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE TABLE rules (number INTEGER PRIMARY KEY, at_s REAL NOT NULL, meaning BLOB NOT NULL) STRICT;
    """,
)
FACETS = "org, user, feature, model, prompt, corpus, tags"


def facet_columns(facets: Facets) -> tuple[str, ...]:
    """Values of the columns `FACETS`."""
    tags = msgspec.json.encode(facets.tags, order="deterministic").decode() if facets.tags else ""
    return (facets.org, facets.user, facets.feature, facets.model, facets.prompt, facets.corpus, tags)


def condition(where: Where) -> tuple[str, list[Any]]:
    """What is meant, as an SQL expression over `entries` with its values."""
    terms: list[str] = []
    bound: list[Any] = []
    for name in ("org", "user", "feature", "model", "corpus"):
        if (wanted := getattr(where, name)) is not None:
            # A partial index is only used where the statement itself says that the text is not empty.
            terms.append(f"{name} = ? AND {name} <> ''" if wanted else f"{name} = ?")
            bound.append(wanted)
    if where.prompt is not None:
        terms.append("(prompt = ? OR substr(prompt, 1, instr(prompt || '@', '@') - 1) = ?)")
        bound += [where.prompt, where.prompt]
    if where.tag is not None:
        terms.append("tags <> '' AND EXISTS (SELECT 1 FROM json_each(tags) WHERE json_each.key = ? AND value = ?)")
        bound += where.tag
    if where.created_before_s is not None:
        terms.append("created_s < ?")
        bound.append(where.created_before_s)
    return " AND ".join(terms) or "1", bound
