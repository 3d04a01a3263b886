"""How good a search is, on questions whose documents are known: nDCG, recall and reciprocal rank, per mode.

nDCG with the gain and discount of Jarvelin and Kekalainen (TOIS 2002): grade over log2 of the rank plus one, of the
best piece of each document.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.retrieval.passages import Mode, Wish
from headworks.retrieval.retriever import Retriever

MODES: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
_DEEP = 200
_RECALLS = (5, 10, 50)


class Question(Struct, frozen=True):
    """A question and the documents that answer it, each with its grade."""

    text: str
    relevant: Mapping[str, float]


class Scores(Struct, frozen=True):
    """Means over all questions."""

    ndcg_10: float
    recall_5: float
    recall_10: float
    recall_50: float
    mrr_10: float


def read_questions(path: Path) -> list[Question]:
    """JSON Lines with `text` and `relevant`: a list of documents, or an object of documents and grades.

    A document is its name in the index, or the end of it after a `/` or `#`.

    Raises:
        BadAskError: The file cannot be read, or a line is no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadAskError(f"{path.name} cannot be read: {error}.") from error
    found = [_question(line, number) for number, line in enumerate(lines, start=1) if line.strip()]
    if not found:
        raise BadAskError(f"{path.name} has no question.")
    return found


async def evaluate(
    retriever: Retriever, questions: Sequence[Question], labels: frozenset[str], modes: Sequence[Mode] = MODES
) -> dict[str, Scores]:
    """The scores of each mode."""
    found: dict[str, Scores] = {}
    for mode in modes:
        rankings = [await ranking(retriever, question, labels, mode) for question in questions]
        pairs = zip(rankings, questions, strict=True)
        found[mode] = mean([scored(names, question.relevant) for names, question in pairs])
    return found


def scored(ranking: Sequence[str], relevant: Mapping[str, float]) -> Scores:
    """The scores of one question: `ranking` names documents, best first, each once."""
    gains = [relevant.get(document, 0.0) for document in ranking]
    ideal = _discounted(sorted(relevant.values(), reverse=True)[:10])
    first = next((place for place, gain in enumerate(gains[:10], start=1) if gain), None)
    wanted = sum(grade > 0 for grade in relevant.values())
    recalls = {depth: sum(gain > 0 for gain in gains[:depth]) / wanted for depth in _RECALLS}
    return Scores(
        ndcg_10=_discounted(gains[:10]) / ideal if ideal else 0.0,
        recall_5=recalls[5],
        recall_10=recalls[10],
        recall_50=recalls[50],
        mrr_10=1 / first if first else 0.0,
    )


async def ranking(retriever: Retriever, question: Question, labels: frozenset[str], mode: Mode) -> list[str]:
    """The documents that are found, best first, as the question names them."""
    found = await retriever.run(Wish(query=question.text, top_k=_DEEP, labels=labels, mode=mode))
    return list(dict.fromkeys(_known(passage.document, question.relevant) for passage in found))


def mean(scores: Sequence[Scores]) -> Scores:
    """Means over questions."""
    return Scores(*(sum(getattr(one, name) for one in scores) / len(scores) for name in Scores.__struct_fields__))


def _known(document: str, relevant: Mapping[str, float]) -> str:
    """The name that the question has for a document; else its own."""
    for mark in ("", "#", "/"):
        name = document.rsplit(mark, 1)[-1] if mark else document
        if name in relevant:
            return name
    return document


def _question(line: str, number: int) -> Question:
    try:
        value: Any = msgspec.json.decode(line)
        relevant = value["relevant"]
        grades = relevant if isinstance(relevant, dict) else dict.fromkeys(relevant, 1.0)
        question = msgspec.convert({"text": value["text"], "relevant": grades}, Question)
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise BadAskError(f"Line {number} is no question with `text` and `relevant`.") from error
    if not any(grade > 0 for grade in question.relevant.values()):
        raise BadAskError(f"Line {number} names no document that answers its question.")
    return question


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
