"""CSV row by row, JSON Lines document by document."""

import csv
import io
from pathlib import Path
from typing import Any

import msgspec

from headworks.retrieval.reading.plain import decoded
from headworks.retrieval.reading.sections import Found, Section, UnreadableFileError, Written

_TEXT_FIELDS = ("text", "content", "body")
_LINK_FIELDS = ("url", "link", "source_url")
_SNIFFED = 8192
_MOST_REMARKS = 20


def read_csv(path: Path) -> Found:
    """A table. Each row says its columns' names: `name: Ann; city: Rome`.

    Raises:
        UnreadableFileError: It is no table.
    """
    text = decoded(path.read_bytes())
    csv.field_size_limit(1_000_000)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), _dialect(path, text)) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UnreadableFileError(f"It cannot be read as a table: {error}.") from error
    if not rows:
        return Found([])
    names, *body = rows
    lines = [_row(names, row) for row in body] or ["; ".join(names)]
    return Found([Written(sections=[Section("\n".join(lines), rows=True)])])


def _dialect(path: Path, text: str) -> Any:
    if path.suffix.lower() == ".tsv":
        return csv.excel_tab
    try:
        return csv.Sniffer().sniff(text[:_SNIFFED], delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def _row(names: list[str], row: list[str]) -> str:
    named = (f"{name.strip()}: {cell.strip()}" for name, cell in zip(names, row, strict=False) if cell.strip())
    rest = (cell.strip() for cell in row[len(names) :] if cell.strip())
    return " ".join("; ".join((*named, *rest)).split())


def read_jsonl(path: Path) -> Found:
    """One document a line: an object with `text`, and what it likes of `id`, `title`, `url`, `labels`, `metadata`.

    Raises:
        UnreadableFileError: No line is a document.
    """
    documents: dict[str, Written] = {}
    remarks: list[str] = []
    for number, line in enumerate(decoded(path.read_bytes()).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            document = _document(line, number)
        except UnreadableFileError as error:
            remarks.append(f"Line {number} was left out: {error}")
            continue
        if document.part in documents:
            remarks.append(f"Line {number} was left out: its id `{document.part[:40]}` was there before.")
        else:
            documents[document.part] = document
    if remarks and not documents:
        raise UnreadableFileError(f"None of its lines is a document. {remarks[0]}")
    if len(remarks) > _MOST_REMARKS:
        remarks = [*remarks[:_MOST_REMARKS], f"And {len(remarks) - _MOST_REMARKS} more lines."]
    return Found(list(documents.values()), tuple(remarks))


def _document(line: str, number: int) -> Written:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise UnreadableFileError("it is no JSON.") from error
    if not isinstance(value, dict):
        raise UnreadableFileError("it is no object.")
    text = next((value[name] for name in _TEXT_FIELDS if isinstance(value.get(name), str)), "")
    if not text.strip():
        raise UnreadableFileError("it has no `text`.")
    return Written(
        sections=[Section(text)],
        part=str(value.get("id") or number)[:200],
        title=_string(value.get("title")),
        link=next((_string(value[name]) for name in _LINK_FIELDS if value.get(name)), None),
        labels=_labels(value.get("labels")),
        metadata=_metadata(value.get("metadata")),
    )


def _labels(value: object) -> tuple[str, ...]:
    """A label that cannot be read must not open a document to everybody."""
    if value is None:
        return ()
    if isinstance(value, list) and all(isinstance(label, str) for label in value):
        return tuple(value)
    raise UnreadableFileError("its `labels` are no list of texts.")


def _metadata(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name): str(entry) for name, entry in value.items() if isinstance(entry, str | int | float | bool)}


def _string(value: object) -> str:
    return " ".join(value.split())[:500] if isinstance(value, str) else ""
