"""A question as a search by words: any of its words, the rare ones first where all would be too many.

FTS5 scores each row in which a word occurs (bm25). In a large index, words that are everywhere cost much and say
little.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from headworks.retrieval.store.schema import TOKENIZER

MOST_WORDS = 64
MOST_ROWS = 10_000
"""Rows that one search scores; the two rarest words are looked for however often they occur."""
_LEAST_WORDS = 2
_MOST_KNOWN = 50_000
_ASKING = frozenset(
    """
    a about an and any are as at be been being but by can could did do does for from had has have he her his how i if in
    into is it its me may might must my no not of on or our she should so some such than that the their then there these
    they this those to us was we were what when where which who whom whose why will with would you your
    """.split()  # noqa: SIM905  a list of words
)
"""English words that ask and join, but do not say what is sought. Left out where another word is there."""


def match_of(connection: apsw.Connection, query: str, known: dict[str, int]) -> str:
    """An FTS5 expression; empty when the question has no word that occurs.

    Args:
        connection: Of the index.
        query: The question.
        known: In how many rows stems occur; filled here. It may be old: it only says which words are rare.
    """
    words = _words(connection, query)
    words = {stem: word for stem, word in words.items() if word.lower() not in _ASKING} or words
    if len(known) > _MOST_KNOWN:
        known.clear()
    counts = {word: known.get(stem) or _rows(connection, stem, known) for stem, word in words.items()}
    chosen: list[str] = []
    rows = 0
    for word in sorted(counts, key=counts.__getitem__):
        if not counts[word]:
            continue
        rows += counts[word]
        if rows > MOST_ROWS and len(chosen) >= _LEAST_WORDS:
            break
        chosen.append(word)
    return _either(chosen)


def _words(connection: apsw.Connection, query: str) -> dict[str, str]:
    """The words as written, by their stems."""
    raw = query.encode(errors="replace")
    tokenizer = connection.fts5_tokenizer(*TOKENIZER)
    found: dict[str, str] = {}
    tokens: Iterable[Any] = tokenizer(raw, apsw.FTS5_TOKENIZE_QUERY, None, include_colocated=False)
    for start, end, stem in tokens:
        found.setdefault(str(stem), raw[start:end].decode(errors="replace"))
        if len(found) >= MOST_WORDS:
            break
    return found


def _rows(connection: apsw.Connection, stem: str, known: dict[str, int]) -> int:
    row = connection.execute("SELECT doc FROM vocabulary WHERE term = ?", (stem,)).fetchone()
    if row is None:
        return 0
    known[stem] = int(row[0])
    return known[stem]


def _either(words: Sequence[str]) -> str:
    quoted = ('"' + word.replace('"', '""') + '"' for word in words)
    return " OR ".join(quoted)
