"""Check the citations of an answer: only what was in the prompt can be cited."""

import re
from collections.abc import Iterator

from msgspec import Struct

from headworks.core.messages import Citation
from headworks.retrieval.grounding.packing import Pack

_MARK = re.compile(r"\[\s*S\d{1,4}(?:\s*[,;]\s*S\d{1,4})*\s*\]")
_ID = re.compile(r"S\d{1,4}")
_QUOTE_CHARS = 200


class Cited(Struct, frozen=True):
    """The citations of an answer.

    Attributes:
        citations: Of what was in the prompt; `start` and `end` are the places of the mark in the answer.
        unknown: Ids that were not in the prompt: made up, or out of a document.
        uncited: Ids that were in the prompt and are not cited.
    """

    citations: tuple[Citation, ...] = ()
    unknown: tuple[str, ...] = ()
    uncited: tuple[str, ...] = ()


def cite(answer: str, packed: Pack) -> Cited:
    """The citations in an answer, checked."""
    given = {item.id: item.passage for item in packed.items}
    citations: list[Citation] = []
    used: dict[str, None] = {}
    for name, start, end in _marks(answer):
        used[name] = None
        passage = given.get(name)
        if passage is not None:
            citations.append(
                Citation(
                    title=passage.title or passage.document.rsplit("/", 1)[-1],
                    url=passage.link,
                    quote=shortened(passage.text, _QUOTE_CHARS),
                    start=start,
                    end=end,
                )
            )
    unknown = tuple(name for name in used if name not in given)
    return Cited(tuple(citations), unknown, tuple(sorted(given.keys() - used.keys(), key=lambda name: int(name[1:]))))


def shortened(text: str, most: int) -> str:
    """The beginning of a text on one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0] + "\u2026"


def _marks(answer: str) -> Iterator[tuple[str, int, int]]:
    for mark in _MARK.finditer(answer):
        for name in _ID.findall(mark[0]):
            yield name, mark.start(), mark.end()
