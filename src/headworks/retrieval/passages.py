"""What a search finds, and what it may be asked for."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Mode = Literal["hybrid", "lexical", "dense"]
Filters = Mapping[str, str | tuple[str, ...]]
"""A metadata field, or `document`, and the value or values of which it must have one."""


class Passage(Struct, frozen=True, kw_only=True):
    """A piece of a document.

    Attributes:
        id: Name of the document and number of the piece in it; changes only with the document.
        document: Name of the document: its path, for a line of JSON Lines with `#` and the id of the line.
        text: The piece.
        title: Of the document.
        heading: Path of headings above the piece, outermost first.
        page: Page of a PDF, from 1.
        link: Where people find the document.
        labels: What a caller must have to see it; all of them.
        metadata: Of the document.
        score: Higher is more relevant; comparable within one search only.
        lexical_rank: Its place in the search by words, from 1; None when it was not among the first.
        dense_rank: Its place in the search by meaning.
    """

    id: str
    document: str
    text: str
    title: str = ""
    heading: tuple[str, ...] = ()
    page: int | None = None
    link: str | None = None
    labels: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    score: float = 0.0
    lexical_rank: int | None = None
    dense_rank: int | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """One search.

    Attributes:
        query: The question.
        top_k: Most passages to return.
        labels: Labels of the caller.
        filters: What the documents must be.
        mode: By words, by meaning, or both.
    """

    query: str
    top_k: int = 5
    labels: frozenset[str] = frozenset()
    filters: Filters = {}
    mode: Mode = "hybrid"
