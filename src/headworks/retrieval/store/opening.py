"""Open the file of an index."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from headworks.core.errors import BadAskError
from headworks.retrieval.store.schema import ROOM, STEPS
from headworks.storage.sqlite import connect, migrate


def open_writer(path: Path) -> apsw.Connection:
    """To write; made if it is missing.

    Raises:
        StoreError: It cannot be opened, or is newer than this program.
    """
    connection = connect(path)
    migrate(connection, ROOM, STEPS)
    return connection


def open_reader(path: Path) -> apsw.Connection:
    """To read.

    Raises:
        StoreError: It cannot be opened.
    """
    connection = connect(path, read_only=True)
    connection.pragma("mmap_size", 1 << 30)
    return connection


def about(connection: apsw.Connection) -> dict[str, str]:
    """What the file says of itself: `model`, `dims`, `changes`, `next`, and the settings it was made with."""
    return dict(selected(connection, "SELECT name, value FROM about"))


def selected(connection: apsw.Connection, statement: str, bindings: Sequence[Any] = ()) -> list[Any]:
    """All rows of a query. Their types are those of the tables, which no checker knows."""
    return connection.execute(statement, bindings).fetchall()


def labels_of(text: str) -> frozenset[str]:
    """A label set as the table `access` keeps it: one label a line."""
    return frozenset(text.split("\n")) if text else frozenset()


def labels_text(labels: frozenset[str]) -> str:
    """As the table keeps it.

    Raises:
        BadAskError: A label is empty or has more than one line.
    """
    if any(not label.strip() or len(label.splitlines()) != 1 or len(label) > 100 for label in labels):
        raise BadAskError("A label is one line of 1 to 100 characters.")
    return "\n".join(sorted(labels))
