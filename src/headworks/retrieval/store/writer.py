"""Write to an index: each file with all its documents in one transaction, vectors as soon as they are made.

Whatever is interrupted leaves an index that is whole and can be continued.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
import numpy as np

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.retrieval.store.opening import about, labels_text, open_writer, selected
from headworks.retrieval.store.pieces import Cut, Filed, Piece, digest, embedded, text_hash
from headworks.retrieval.store.schema import ACCESS_SHIFT
from headworks.storage.sqlite import transaction

_Floats = np.ndarray[Any, np.dtype[np.float32]]


class IndexWriter:
    """The file of an index, open to write. Used by one thread at a time, with the lock of the shelf.

    Args:
        path: The file.
        clock: Dates files.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._connection = open_writer(path)

    def close(self) -> None:
        """Let go of the file; what waits in its log is written into it."""
        self._connection.pragma("wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def about(self) -> dict[str, str]:
        """What the index says of itself."""
        return about(self._connection)

    def describe(self, **facts: str) -> None:
        """Say something of the index."""
        with transaction(self._connection) as connection:
            connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", list(facts.items()))

    def remember_root(self, root: str, options: str) -> None:
        """Note what was asked for, so that it can be asked again."""
        with transaction(self._connection) as connection:
            connection.execute("INSERT OR REPLACE INTO roots VALUES (?, ?)", (root, options))

    def roots(self) -> dict[str, str]:
        """What was asked for, and how."""
        return dict(selected(self._connection, "SELECT name, options FROM roots ORDER BY name"))

    def hashes(self) -> dict[str, bytes]:
        """Every file and its hash."""
        return dict(selected(self._connection, "SELECT name, hash FROM files"))

    def files_of(self, root: str) -> set[str]:
        """Files that were found under a root."""
        return {row[0] for row in selected(self._connection, "SELECT name FROM files WHERE root = ?", (root,))}

    def unembedded(self, texts: Iterable[str]) -> list[str]:
        """Those of the texts that have no vector yet, each once."""
        known = "SELECT 1 FROM vectors WHERE hash = ?"
        distinct = dict.fromkeys(texts)
        return [text for text in distinct if self._connection.execute(known, (text_hash(text),)).fetchone() is None]

    def keep_vectors(self, texts: Sequence[str], vectors: _Floats) -> None:
        """Keep what was made."""
        rows = [(text_hash(text), row.tobytes()) for text, row in zip(texts, vectors, strict=True)]
        with transaction(self._connection) as connection:
            connection.executemany("INSERT OR IGNORE INTO vectors (hash, vector) VALUES (?, ?)", rows)

    def replace(self, filed: Filed) -> int:
        """Put a file in the place of what it was before; how many pieces it has."""
        with transaction(self._connection) as connection:
            self._forget(connection, filed.name)
            connection.execute(
                "INSERT INTO files (name, root, hash, bytes, added_s) VALUES (?, ?, ?, ?, ?)",
                (filed.name, filed.root, filed.hash, filed.bytes, self._clock.now()),
            )
            number = connection.last_insert_rowid()
            pieces = sum(self._add(connection, number, filed.name, document) for document in filed.documents)
            _changed(connection)
        return pieces

    def move(self, name: str, root: str) -> None:
        """Note that a file is found under another root now."""
        with transaction(self._connection) as connection:
            connection.execute("UPDATE files SET root = ? WHERE name = ? AND root <> ?", (root, name, root))

    def remove(self, names: Sequence[str]) -> int:
        """Remove files; how many were there."""
        with transaction(self._connection) as connection:
            gone = sum(self._forget(connection, name) for name in names)
            _changed(connection)
        return gone

    def forget_root(self, root: str) -> int:
        """Remove a root and all that was found under it; how many files were there."""
        gone = self.remove(sorted(self.files_of(root)))
        with transaction(self._connection) as connection:
            connection.execute("DELETE FROM roots WHERE name = ?", (root,))
        return gone

    def sweep(self) -> None:
        """Let go of vectors and label sets that nothing uses, and of the room they took."""
        with transaction(self._connection) as connection:
            connection.execute("DELETE FROM vectors WHERE id NOT IN (SELECT vector FROM chunks WHERE vector NOT NULL)")
            connection.execute("DELETE FROM access WHERE id NOT IN (SELECT access FROM documents)")
        self._connection.pragma("incremental_vacuum")

    def kept_files(self, root: str) -> list[Filed]:
        """The files of a root as they were written, to write them elsewhere."""
        files = selected(self._connection, "SELECT id, name, hash, bytes FROM files WHERE root = ?", (root,))
        return [
            Filed(name=name, root=root, hash=hashed, bytes=size, documents=self._documents(number, name))
            for number, name, hashed, size in files
        ]

    def _documents(self, file: int, name: str) -> tuple[Cut, ...]:
        rows = selected(
            self._connection,
            "SELECT d.id, d.name, d.title, d.link, a.labels, d.metadata FROM documents d"
            " JOIN access a ON a.id = d.access WHERE d.file = ? ORDER BY d.id",
            (file,),
        )
        return tuple(
            Cut(
                part=full[len(name) + 1 :],
                title=title,
                link=link,
                labels=tuple(labels.split("\n")) if labels else (),
                metadata=msgspec.json.decode(metadata, type=dict[str, str]),
                pieces=self._pieces(number),
            )
            for number, full, title, link, labels, metadata in rows
        )

    def _pieces(self, document: int) -> tuple[Piece, ...]:
        rows = selected(
            self._connection, "SELECT text, heading, page FROM chunks WHERE document = ? ORDER BY ordinal", (document,)
        )
        return tuple(Piece(text, tuple(heading.split("\n")) if heading else (), page) for text, heading, page in rows)

    def _add(self, connection: apsw.Connection, file: int, name: str, document: Cut) -> int:
        access = _access(connection, frozenset(document.labels))
        full = f"{name}#{document.part}" if document.part else name
        connection.execute(
            "INSERT INTO documents (file, name, title, link, access, metadata, digest) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                file,
                full,
                document.title,
                document.link,
                access,
                msgspec.json.encode(document.metadata).decode(),
                digest(document),
            ),
        )
        self._add_pieces(connection, connection.last_insert_rowid(), access, document)
        return len(document.pieces)

    def _add_pieces(self, connection: apsw.Connection, number: int, access: int, document: Cut) -> None:
        first = _numbers(connection, len(document.pieces))
        chunks, words = [], []
        for ordinal, piece in enumerate(document.pieces):
            chunk, heading = (access << ACCESS_SHIFT) | (first + ordinal), "\n".join(piece.heading)
            hashed = text_hash(embedded(document, piece))
            chunks.append((chunk, number, ordinal, piece.text, heading, piece.page, hashed))
            words.append((chunk, piece.text, document.title, heading))
        connection.executemany(
            "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, (SELECT id FROM vectors WHERE hash = ?))", chunks
        )
        connection.executemany("INSERT INTO words (rowid, text, title, heading) VALUES (?, ?, ?, ?)", words)

    def _forget(self, connection: apsw.Connection, name: str) -> int:
        row = connection.execute("SELECT id FROM files WHERE name = ?", (name,)).fetchone()
        if row is None:
            return 0
        connection.execute(
            "DELETE FROM words WHERE rowid IN"
            " (SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document WHERE d.file = ?)",
            row,
        )
        connection.execute("DELETE FROM files WHERE id = ?", row)
        return 1


def _access(connection: apsw.Connection, labels: frozenset[str]) -> int:
    """The number of a label set. One that is no longer used is never given to another while the file lives."""
    text = labels_text(labels)
    row = connection.execute("SELECT id FROM access WHERE labels = ?", (text,)).fetchone()
    if row is None:
        number = _counter(connection, "next_access", 1)
        if number >= 1 << (62 - ACCESS_SHIFT):
            raise BadAskError("An index has no room for so many different sets of labels.")
        connection.execute("INSERT INTO access VALUES (?, ?)", (number, text))
        return number
    return int(row[0])


def _numbers(connection: apsw.Connection, count: int) -> int:
    """The first of `count` numbers that no chunk has ever had."""
    return _counter(connection, "next_chunk", count)


def _changed(connection: apsw.Connection) -> None:
    _counter(connection, "changes", 1)


def _counter(connection: apsw.Connection, name: str, by: int) -> int:
    row = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    before = int(row[0]) if row else 0
    connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, str(before + by)))
    return before
