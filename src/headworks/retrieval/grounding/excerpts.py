"""What a search found as plain text: the answer of the gateway where no model can be asked."""

from collections.abc import Sequence

from headworks.retrieval.grounding.citing import shortened
from headworks.retrieval.passages import Passage

_CHARS = 400


def excerpts(passages: Sequence[Passage], most: int = 3) -> str:
    """The best passages, one of each document, with where they stand; empty when there are none."""
    shown: dict[str, Passage] = {}
    for passage in passages:
        shown.setdefault(passage.document, passage)
    lines = ["No answer can be written now. These passages may help:"]
    for number, passage in enumerate(list(shown.values())[:most], start=1):
        lines.append(f"\n{number}. {_where(passage)}\n{shortened(passage.text, _CHARS)}")
    return "\n".join(lines) if shown else ""


def _where(passage: Passage) -> str:
    name = passage.title or passage.document.rsplit("/", 1)[-1]
    page = f", page {passage.page}" if passage.page else ""
    section = f", {' > '.join(passage.heading)}" if passage.heading and passage.heading != (name,) else ""
    return f"{name}{section}{page}" + (f" ({passage.link})" if passage.link else "")
