"""How commands show what they found: JSON for programs, aligned text for people."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

AsJson = Annotated[bool, Parameter(name="--json", negative=())]
"""The parameter `--json` of every command."""


def json_text(value: Any) -> str:
    """`value` as one line of JSON."""
    return msgspec.json.encode(value).decode()


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """`rows` as aligned columns under their names; None is shown as `-`."""
    cells = [list(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(sorted(map(str, value))) or "-"
    # A name in a record may hold anything a client sent; a terminal must not obey it.
    return "".join(character if character.isprintable() else "?" for character in str(value))
