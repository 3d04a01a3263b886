"""Word documents: the text of `word/document.xml`, by headings. Nothing in them is run or followed.

Invariants: no more is unpacked than `MOST_BYTES`, whatever the archive claims; entities are refused. Shapes: ECMA-376
part 1, WordprocessingML (`w:p`, `w:t`, `w:tbl`).
"""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from headworks.retrieval.reading.sections import Found, Section, UnreadableFileError, Written

MOST_BYTES = 64 * 1024**2
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ParseError, DefusedXmlException, ValueError)


def read_docx(path: Path) -> Found:
    """A Word document.

    Raises:
        UnreadableFileError: It is broken, locked with a password, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            body = fromstring(_unpacked(archive, "word/document.xml")).find(f"{_W}body")
            title = _title(archive)
    except RuntimeError as error:  # zipfile's word for a password
        raise UnreadableFileError("It is locked with a password.") from error
    except KeyError as error:
        raise UnreadableFileError("It is no Word document: it has no `word/document.xml`.") from error
    except _BROKEN as error:
        raise UnreadableFileError("It is broken, or no Word document. One with a password looks so, too.") from error
    return Found([Written(sections=[] if body is None else _sections(body), title=title)])


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise UnreadableFileError(f"It unpacks to more than {MOST_BYTES // 1024**2} MiB.")
    return raw


def _title(archive: zipfile.ZipFile) -> str:
    try:
        return str(fromstring(_unpacked(archive, "docProps/core.xml")).findtext(_TITLE) or "").strip()
    except KeyError:
        return ""


def _sections(body: Any) -> list[Section]:
    sections: list[Section] = []
    path: dict[int, str] = {}
    lines: list[str] = []

    def end() -> None:
        if lines:
            sections.append(Section("\n\n".join(lines), tuple(path[level] for level in sorted(path))))
        lines.clear()

    for level, text in _blocks(body):
        if not level:
            lines.append(text)
            continue
        end()
        path = {above: name for above, name in path.items() if above < level} | {level: text}
    end()
    return sections


def _blocks(body: Any) -> Iterator[tuple[int, str]]:
    """Paragraphs and rows of tables, with the level of headings."""
    for element in body:
        if element.tag == f"{_W}p":
            text = _text(element)
            if text:
                yield _level(element), text
        elif element.tag == f"{_W}tbl":
            for row in element.iter(f"{_W}tr"):
                cells = [_text(cell) for cell in row.iter(f"{_W}tc")]
                if any(cells):
                    yield 0, " | ".join(cells)
        elif element.tag == f"{_W}sdt":  # a field around other blocks, such as a cover page
            yield from _blocks(element.find(f"{_W}sdtContent") or ())


def _text(element: Any) -> str:
    parts = []
    for one in element.iter():
        if one.tag == f"{_W}t":
            parts.append(one.text or "")
        elif one.tag in {f"{_W}tab", f"{_W}br", f"{_W}cr"}:
            parts.append(" ")
    return " ".join("".join(parts).split())


def _level(paragraph: Any) -> int:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    name = "" if style is None else str(style.get(f"{_W}val") or "").lower()
    if name == "title":
        return 1
    number = name.removeprefix("heading")
    return int(number) if name != number and number.isdecimal() else 0
