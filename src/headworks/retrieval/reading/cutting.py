"""Cut documents into pieces at the seams of their text: paragraphs, else sentences, else words."""

from collections.abc import Callable, Iterable, Iterator

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from headworks.retrieval.reading.sections import Section, Written
from headworks.retrieval.store.pieces import Cut, Piece

_Split = Callable[[str], list[str]]


class Cutter:
    """Cuts.

    Args:
        chars: Longest piece.
        overlap: Characters that a piece repeats of the one before.
    """

    def __init__(self, chars: int, overlap: int) -> None:
        self._chars = chars
        self._text = TextSplitter(chars, overlap=min(overlap, chars // 2))
        self._rows = TextSplitter(chars)
        self._markdown = MarkdownSplitter(chars, overlap=min(overlap, chars // 2))

    def cut(self, document: Written) -> Cut:
        """A document in pieces."""
        split: _Split = self._markdown.chunks if document.markdown else self._text.chunks
        pieces = [
            Piece(text, section.heading, section.page)
            for section in document.sections
            for text in (self._grouped(section) if section.rows else split(section.text))
            if text.strip()
        ]
        return Cut(
            part=document.part,
            title=document.title,
            link=document.link,
            labels=document.labels,
            metadata=document.metadata,
            pieces=tuple(pieces),
        )

    def _grouped(self, section: Section) -> Iterator[str]:
        """Whole rows together, as many as fit; a row that is too long by itself is cut."""
        lines: Iterable[str] = section.text.split("\n")
        group: list[str] = []
        size = 0
        for line in lines:
            if group and size + len(line) >= self._chars:
                yield "\n".join(group)
                group, size = [], 0
            if len(line) > self._chars:
                yield from self._rows.chunks(line)
                continue
            group.append(line)
            size += len(line) + 1
        if group:
            yield "\n".join(group)
