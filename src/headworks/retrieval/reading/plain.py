"""Text and code as they are, Markdown by its headings.

Markdown is read line by line: `#` headings and underlined ones, outside of fenced code (CommonMark 0.31.2, sections
4.2, 4.3 and 4.5), which is all that a heading path needs.
"""

import codecs
import re
from pathlib import Path

from headworks.retrieval.reading.sections import Found, Section, UnreadableFileError, Written

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_MOST_CONTROLS = 0.001


def decoded(raw: bytes) -> str:
    """Bytes as text: UTF-8, UTF-16 where a mark says so, else Windows-1252.

    Raises:
        UnreadableFileError: This is no text.
    """
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        if "\ufffd" in text:
            raise UnreadableFileError("It is no text in UTF-8, UTF-16 or Windows-1252.") from None
    if len(_CONTROL.findall(text)) > _MOST_CONTROLS * len(text):
        raise UnreadableFileError("It is no text, but binary data.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_text(path: Path) -> Found:
    """A text or a program, whole."""
    return Found([Written(sections=[Section(decoded(path.read_bytes()))])])


def read_markdown(path: Path) -> Found:
    """Markdown. Its title is its first heading of level one."""
    return Found([written(decoded(path.read_bytes()))])


def written(text: str, title: str = "") -> Written:
    """A document of Markdown text."""
    sections = markdown_sections(text)
    first = next((section.heading[0] for section in sections if section.heading), "")
    return Written(sections=sections, title=title or first, markdown=True)


def markdown_sections(text: str) -> list[Section]:
    """The text under each heading, with the headings above it."""
    sections: list[Section] = []
    path: dict[int, str] = {}
    lines: list[str] = []
    fence = ""

    def end() -> None:
        body = "\n".join(lines).strip()
        if body:
            sections.append(Section(body, tuple(path[level] for level in sorted(path))))
        lines.clear()

    for line in _without_front_matter(text).split("\n"):
        fence = _fence(line, fence)
        level, title = (0, "") if fence else _heading(line, lines)
        if not level:
            lines.append(line)
            continue
        end()
        path = {above: name for above, name in path.items() if above < level} | ({level: title} if title else {})
    end()
    return sections


def _fence(line: str, fence: str) -> str:
    """The fence that is open after this line."""
    match = _FENCE.match(line)
    if match is None:
        return fence
    if not fence:
        return match[1]
    return "" if match[1].startswith(fence) and not line.strip().strip(fence[0]) else fence


def _heading(line: str, before: list[str]) -> tuple[int, str]:
    """Level and title of a heading; level 0 when the line is none. An underlined title is taken from `before`."""
    match = _HEADING.match(line)
    if match is not None:
        return len(match[1]), (match[2] or "").strip()
    alone = bool(before) and bool(before[-1].strip()) and (len(before) == 1 or not before[-2].strip())
    if alone and (under := _UNDERLINE.match(line)) and not before[-1].lstrip().startswith(("-", "*", "|", ">", "`")):
        return (1 if under[1][0] == "=" else 2), before.pop().strip()
    return 0, ""


def _without_front_matter(text: str) -> str:
    if not text.startswith("---\n"):
        return text
    end = text.find("\n---\n", 3)
    return text if end < 0 else text[end + 5 :]
