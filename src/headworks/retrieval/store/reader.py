"""Read an index: one connection, used by one thread at a time. Every search sees only what the caller may see."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import numpy as np
from msgspec import Struct

from headworks.core.errors import BadAskError, StoreError
from headworks.retrieval.passages import Filters, Passage
from headworks.retrieval.store.opening import about, labels_of, open_reader, selected
from headworks.retrieval.store.rows import Seen, Whole
from headworks.retrieval.store.schema import ACCESS_SHIFT
from headworks.retrieval.store.words import match_of

_LEXICAL = """
SELECT rowid FROM words WHERE words MATCH ?1
AND (?2 IS NULL OR (rowid >> ?5) IN (SELECT value FROM json_each(?2)))
AND (?3 IS NULL OR (SELECT document FROM chunks WHERE id = words.rowid) IN (SELECT value FROM json_each(?3)))
ORDER BY rank LIMIT ?4
"""
_FIELD = re.compile(r"[\w.:-]{1,100}")


class Scope(Struct, frozen=True):
    """What a caller may find.

    Attributes:
        access: Numbers of label sets; None where the caller may see them all.
        documents: Numbers of documents that pass the filters; None without filters.
    """

    access: tuple[int, ...] | None = None
    documents: tuple[int, ...] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing can be found."""
        return self.access == () or self.documents == ()

    def seen(self) -> Seen:
        """The same for vectors."""
        return Seen(_whole(self.access), _whole(self.documents))


class IndexReader:
    """The file of an index, open to read.

    Args:
        path: The file.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_reader(path)
        self._known: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator["IndexReader"]:
        """Within it, one state of the file is read.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            self._connection.execute("BEGIN")
            yield self
        except apsw.Error as error:
            raise StoreError(f"The index file {self.path.name} cannot be read: {error}.") from error
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def about(self) -> dict[str, str]:
        """What the index says of itself."""
        return about(self._connection)

    def changes(self) -> int:
        """Counts changes of documents."""
        row = self._connection.execute("SELECT value FROM about WHERE name = 'changes'").fetchone()
        return int(row[0]) if row else 0

    def version(self) -> str:
        """A hash over all pieces and what is shown with them. Equal for equal contents, however they came about."""
        model = self.about().get("model", "")
        total = hashlib.blake2b(model.encode(), digest_size=12)
        for name, digest in selected(self._connection, "SELECT name, digest FROM documents ORDER BY name"):
            total.update(name.encode(errors="surrogatepass") + b"\0" + digest)
        return total.hexdigest()

    def counts(self) -> dict[str, int]:
        """How much there is."""
        tables = ("files", "documents", "chunks")
        row = self._connection.execute(
            "SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM documents), (SELECT count(*) FROM chunks)"
        ).fetchone()
        assert row is not None
        return dict(zip(tables, row, strict=True))

    def files(self) -> list[dict[str, Any]]:
        """Every file: its name, size, when it was added, how many pieces it has, and its labels."""
        rows = selected(
            self._connection,
            "SELECT f.name, f.bytes, f.added_s, count(c.id), group_concat(DISTINCT a.labels) FROM files f"
            " LEFT JOIN documents d ON d.file = f.id LEFT JOIN access a ON a.id = d.access"
            " LEFT JOIN chunks c ON c.document = d.id GROUP BY f.id ORDER BY f.name",
        )
        names = ("name", "bytes", "added_s", "chunks", "labels")
        return [dict(zip(names, row, strict=True)) | {"labels": _flat(row[4])} for row in rows]

    def roots(self) -> list[str]:
        """What was asked for when the index was made."""
        return [row[0] for row in selected(self._connection, "SELECT name FROM roots ORDER BY name")]

    def scope(self, labels: frozenset[str], filters: Filters) -> Scope:
        """What a caller with these labels may find.

        Raises:
            BadAskError: A filter has no name.
        """
        sets = selected(self._connection, "SELECT id, labels FROM access")
        allowed = tuple(number for number, text in sets if labels_of(text) <= labels)
        access = None if len(allowed) == len(sets) else allowed
        return Scope(access, self._passing(filters) if filters else None)

    def lexical(self, query: str, scope: Scope, most: int) -> list[int]:
        """Chunks that have words of the question, best first."""
        match = "" if scope.empty else match_of(self._connection, query, self._known)
        if not match:
            return []
        values = (match, _json(scope.access), _json(scope.documents), most, ACCESS_SHIFT)
        return [int(row[0]) for row in selected(self._connection, _LEXICAL, values)]

    def chunk_ids(self) -> Whole:
        """The number of every chunk that has a vector."""
        rows = selected(self._connection, "SELECT id FROM chunks WHERE vector NOT NULL ORDER BY id")
        return np.fromiter((row[0] for row in rows), np.int64, len(rows))

    def vectors(self, ids: Sequence[int]) -> list[tuple[int, int, bytes]]:
        """Chunk, document and vector of these chunks."""
        return selected(
            self._connection,
            "SELECT c.id, c.document, v.vector FROM chunks c JOIN vectors v ON v.id = c.vector"
            " WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
            (json.dumps(ids),),
        )

    def passages(self, ids: Sequence[int], labels: frozenset[str]) -> dict[int, Passage]:
        """These chunks, as far as they are still there and the labels allow them."""
        rows = selected(
            self._connection,
            "SELECT c.id, c.ordinal, c.text, c.heading, c.page, d.name, d.title, d.link, d.metadata, a.labels"
            " FROM chunks c JOIN documents d ON d.id = c.document JOIN access a ON a.id = d.access"
            " WHERE c.id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
        return {row[0]: _passage(row) for row in rows if labels_of(row[9]) <= labels}

    def names(self, ids: Sequence[int]) -> dict[int, str]:
        """Names of the documents of these chunks."""
        return dict(
            selected(
                self._connection,
                "SELECT c.id, d.name FROM chunks c JOIN documents d ON d.id = c.document"
                " WHERE c.id IN (SELECT value FROM json_each(?))",
                (json.dumps(ids),),
            )
        )

    def _passing(self, filters: Filters) -> tuple[int, ...]:
        """Documents that pass every filter."""
        found: set[int] | None = None
        for field, wanted in filters.items():
            if _FIELD.fullmatch(field) is None:
                raise BadAskError(f"`{field[:100]}` is no name of a metadata field.")
            values = json.dumps([wanted] if isinstance(wanted, str) else list(wanted))
            passing = self._documents(field, values)
            found = passing if found is None else found & passing
        return tuple(sorted(found or ()))

    def _documents(self, field: str, values: str) -> set[int]:
        if field == "document":
            rows = selected(
                self._connection, "SELECT id FROM documents WHERE name IN (SELECT value FROM json_each(?))", (values,)
            )
        else:
            rows = selected(
                self._connection,
                "SELECT id FROM documents WHERE json_extract(metadata, ?) IN (SELECT value FROM json_each(?))",
                (f'$."{field}"', values),
            )
        return {row[0] for row in rows}


def _passage(row: Sequence[Any]) -> Passage:
    _, ordinal, text, heading, page, name, title, link, metadata, labels = row
    return Passage(
        id=f"{name}:{ordinal}",
        document=name,
        text=text,
        title=title,
        heading=tuple(heading.split("\n")) if heading else (),
        page=page,
        link=link,
        labels=tuple(sorted(labels_of(labels))),
        metadata=msgspec.json.decode(metadata, type=dict[str, str]),
    )


def _whole(values: Sequence[int] | None) -> Whole | None:
    return None if values is None else np.array(values, np.int64)


def _flat(text: str | None) -> list[str]:
    """Labels of several sets, each once."""
    return sorted({label for label in (text or "").replace(",", "\n").split("\n") if label})


def _json(numbers: Sequence[int] | None) -> str | None:
    return None if numbers is None else json.dumps(numbers)
