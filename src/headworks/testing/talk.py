"""What a conversation leaves the fake to say: a whole answer, or the rest of one that was begun.

Real models go on where an answer breaks off, by prefill or because they are asked to. The fake does the same with the
answer it would have given: characters that were said are left out, so blanks that a client stripped come back.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from headworks.testing.recipe import ContinuationMode, Recipe

OVERLAP_TOKENS = 3
_GO_ON = "continue"

Intend = Callable[[str], list[str]]
"""The tokens of the whole answer to a text of the user."""


class Turn(Struct, frozen=True):
    """One turn of a conversation, its text alone."""

    role: str
    text: str


class Talk(Struct, frozen=True, kw_only=True):
    """What a conversation comes to.

    Attributes:
        said: The last text of the user.
        begun: The assistant's text at the very end (prefill); None when the user has the last word.
        asked: What the user had said before the assistant's last turn, where the user has spoken once since.
        answered: The assistant's text between the two.
        plain: The whole is one text to go on with, not a conversation (legacy completions).
    """

    said: str = ""
    begun: str | None = None
    asked: str | None = None
    answered: str = ""
    plain: bool = False


def read_talk(turns: list[Turn], assistant: Literal["assistant", "model"] = "assistant") -> Talk:
    """What the turns come to; `assistant` is the dialect's word for that role."""
    said = _last_said(turns)
    if turns and turns[-1].role == assistant:
        return Talk(said=said, begun=turns[-1].text or None)
    if len(turns) > 2 and turns[-2].role == assistant and turns[-1].role == "user" and turns[-2].text:
        return Talk(said=said, asked=_last_said(turns[:-2]), answered=turns[-2].text)
    return Talk(said=said)


def _last_said(turns: list[Turn]) -> str:
    return next((turn.text for turn in reversed(turns) if turn.role == "user"), "")


def left_to_say(talk: Talk, recipe: Recipe, limit: int | None, intend: Intend) -> list[str]:
    """The tokens of the answer to `talk`, before any limit.

    Args:
        talk: The conversation.
        recipe: Says how answers that were begun are gone on with.
        limit: The request's token limit: an answer that it would have cut where the assistant ended is a whole one.
        intend: The whole answer to a text of the user.
    """
    if talk.plain:
        return _of_plain_text(talk.said, intend)
    if talk.begun is not None and recipe.prefill == "continued":
        whole = intend(talk.said)
        rest = _rest(whole, talk.begun)
        return whole if rest is None else rest
    if talk.asked is not None and recipe.continuation != "off":
        gone_on = _gone_on(talk, recipe.continuation, limit, intend(talk.asked))
        if gone_on is not None:
            return gone_on
    return intend(talk.said)


def _gone_on(talk: Talk, mode: ContinuationMode, limit: int | None, whole: list[str]) -> list[str] | None:
    """What a turn after an unfinished answer gets; None when it is a turn like any other."""
    rest = _rest(whole, talk.answered)
    complete = not rest or (limit is not None and talk.answered == "".join(whole[:limit]))
    if rest is None or (complete and _GO_ON not in talk.said.lower()):
        return None
    if mode == "restarted":
        return whole
    if mode == "overlapping":
        said = len(whole) - len(rest)
        return whole[max(0, said - OVERLAP_TOKENS) : said] + rest if _seamless(whole, rest, talk.answered) else rest
    return rest


def _seamless(whole: list[str], rest: list[str], said: str) -> bool:
    """True when `said` ends where a token ends."""
    return "".join(whole[: len(whole) - len(rest)]) == said


def _rest(whole: list[str], said: str) -> list[str] | None:
    """The tokens of `whole` after the text `said`; None when `whole` does not begin with it."""
    if not "".join(whole).startswith(said):
        return None
    left = len(said)
    for at, piece in enumerate(whole):
        if left < len(piece):
            return [piece[left:], *whole[at + 1 :]]
        left -= len(piece)
    return []


def _of_plain_text(text: str, intend: Intend) -> list[str]:
    """The answer to a text, or the rest of it where the text ends in its own answer's beginning (a token at least)."""
    whole = intend(text)
    first = whole[0] if whole else ""
    at = text.find(first, 1) if first else -1
    while at > 0:
        begun = intend(text[:at])
        if rest := _rest(begun, text[at:]):
            return rest
        at = text.find(first, at + 1)
    return whole
