"""Choose what goes into the prompt: the most relevant passages that fit, each once, the best first and last.

Models read the beginning and the end of a long context better than its middle (Liu et al., TACL 2024, "Lost in the
Middle").
"""

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from headworks.retrieval.passages import Passage

_ALIKE = 0.8
"""Share of the word triples of the shorter passage that a near-duplicate has."""
_TRIPLE = 3
_WORD = re.compile(r"\w+")


class Packed(Struct, frozen=True):
    """A passage in the prompt, under the id by which an answer cites it (`S1`)."""

    id: str
    passage: Passage


class Pack(Struct, frozen=True):
    """What goes into the prompt.

    Attributes:
        items: In the order of the prompt.
        tokens: What they take.
        alike: Passages that were left out because another says the same.
        over: Passages that did not fit.
    """

    items: tuple[Packed, ...] = ()
    tokens: int = 0
    alike: int = 0
    over: int = 0


def pack(passages: Sequence[Passage], token_budget: int, count: Callable[[str], int]) -> Pack:
    """Fill a budget.

    Args:
        passages: Most relevant first.
        token_budget: Tokens that they may take, marks and titles included.
        count: Counts the tokens of a text.
    """
    chosen: list[Packed] = []
    known: list[frozenset[str]] = []
    tokens = alike = over = 0
    for passage in passages:
        triples = _triples(passage.text)
        if any(_same(triples, other) for other in known):
            alike += 1
            continue
        item = Packed(f"S{len(chosen) + 1}", passage)
        size = count(block(item))
        if tokens + size > token_budget:
            over += 1
            continue
        chosen.append(item)
        known.append(triples)
        tokens += size
    return Pack(tuple(_best_outside(chosen)), tokens, alike, over)


def block(item: Packed) -> str:
    """A passage as the prompt has it. Nothing in it can end it, or look like another."""
    passage = item.passage
    facts = {
        "id": item.id,
        "title": passage.title,
        "section": " > ".join(passage.heading),
        "page": "" if passage.page is None else str(passage.page),
        "link": passage.link or "",
    }
    attributes = "".join(f' {name}="{_attribute(value)}"' for name, value in facts.items() if value)
    return f"<document{attributes}>\n{_harmless(passage.text)}\n</document>"


def _best_outside(items: Sequence[Packed]) -> Iterator[Packed]:
    """First, third, fifth and so on; then the others backwards: the second stands last."""
    yield from items[::2]
    yield from reversed(items[1::2])


def _triples(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    if len(words) <= _TRIPLE:
        return frozenset((" ".join(words),))
    return frozenset(" ".join(words[at : at + _TRIPLE]) for at in range(len(words) - _TRIPLE + 1))


def _same(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _ALIKE * min(len(one), len(other))


def _harmless(text: str) -> str:
    return re.sub(r"<(?=\s*/?\s*documents?\b)", "&lt;", text, flags=re.IGNORECASE)


def _attribute(value: str) -> str:
    clean = " ".join(value.split())
    return clean.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
