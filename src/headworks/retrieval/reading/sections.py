"""What a reader makes of a file, before it is cut."""

from msgspec import Struct


class UnreadableFileError(Exception):
    """A file cannot be read. The message is a sentence for people, without the file's name."""


class Section(Struct, frozen=True):
    """Text that stands under one heading, or on one page.

    Attributes:
        text: It.
        heading: Path of headings, outermost first.
        page: From 1.
        rows: True when each line is a row of a table, which is not torn apart.
    """

    text: str
    heading: tuple[str, ...] = ()
    page: int | None = None
    rows: bool = False


class Written(Struct, frozen=True, kw_only=True):
    """A document as it was written.

    Attributes:
        sections: In order.
        part: Which one of its file.
        title: Empty when it has none.
        link: Its own address.
        labels: Its own.
        metadata: Its own.
        markdown: Whether its text is Markdown, which is cut by its structure.
    """

    sections: list[Section]
    part: str = ""
    title: str = ""
    link: str | None = None
    labels: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    markdown: bool = False


class Found(Struct, frozen=True):
    """All of a file: its documents, and what was left out of it."""

    documents: list[Written]
    remarks: tuple[str, ...] = ()
