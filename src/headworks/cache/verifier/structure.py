"""Compare what has a structure of its own: JSON, tool calls, code.

Invariant: in objects the order of keys does not matter, in lists it does; numbers are compared by value.
"""

import re
from typing import Any

import msgspec

from headworks.cache.verifier.answer import Call
from headworks.cache.verifier.verdict import Verdict

PROSE_CHARS = 40
"""A text in JSON that is longer, or has more than a few words, may say the same in other words."""
_MAX_DEPTH = 60
_TOKEN = re.compile(r"\w+|[^\w\s]")
_NOTHING = object()


def parsed(text: str) -> Any:
    """The JSON object or list that a text is, in a fence or not; `missing()` holds for what is none."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and len(text) > 6:
        text = text[3:-3].partition("\n")[2].strip()
    if text[:1] not in ("{", "["):
        return _NOTHING
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return _NOTHING


def missing(value: Any) -> bool:
    """Whether `parsed` found no JSON."""
    return value is _NOTHING


def compared(a: Any, b: Any, depth: int = 0) -> Verdict:
    """Whether two JSON values say the same; longer texts in them that differ leave it unsure."""
    if depth > _MAX_DEPTH:
        return Verdict("unsure", "json depth")
    if isinstance(a, dict) and isinstance(b, dict):
        if a.keys() != b.keys():
            return Verdict("different", "json keys", final=True)
        return _all([(a[key], b[key]) for key in a], depth)
    if isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return Verdict("different", "json length", final=True)
        return _all(list(zip(a, b, strict=True)), depth)
    return _leaves(a, b)


def _all(pairs: list[tuple[Any, Any]], depth: int) -> Verdict:
    """Different when one is, else unsure when one is."""
    unsure: Verdict | None = None
    for a, b in pairs:
        verdict = compared(a, b, depth + 1)
        if verdict.outcome == "different":
            return verdict
        if verdict.outcome == "unsure":
            unsure = verdict
    return unsure or Verdict("same", "json", final=True)


def _leaves(a: Any, b: Any) -> Verdict:
    if isinstance(a, bool) is isinstance(b, bool) and a == b:
        return Verdict("same", "json", final=True)
    if isinstance(a, str) and isinstance(b, str):
        if " ".join(a.split()).casefold() == " ".join(b.split()).casefold():
            return Verdict("same", "json", final=True)
        if min(len(a), len(b)) > PROSE_CHARS:
            return Verdict("unsure", "json text")
    return Verdict("different", "json value", final=True)


def calls_compared(a: tuple[Call, ...], b: tuple[Call, ...]) -> Verdict:
    """Whether two answers call the same tools with the same arguments, in whatever order."""
    if sorted(call.name for call in a) != sorted(call.name for call in b):
        return Verdict("different", "tool name", final=True)
    pairs = zip(sorted(a, key=_canonical), sorted(b, key=_canonical), strict=True)
    verdict = _all([(_arguments(ours), _arguments(theirs)) for ours, theirs in pairs], 0)
    return Verdict(verdict.outcome, "tool arguments", final=verdict.final)


def _arguments(call: Call) -> Any:
    value = parsed(call.arguments or "{}")
    return call.arguments if missing(value) else value


def _canonical(call: Call) -> tuple[str, bytes]:
    """What calls are put in order by."""
    try:
        return call.name, msgspec.json.encode(_arguments(call), order="deterministic")
    except (UnicodeEncodeError, RecursionError):
        return call.name, call.arguments.encode("utf-8", "surrogatepass")


def code_in(text: str) -> list[list[str]]:
    """Tokens of each fenced block of a text, the line of the fence left out."""
    if text.count("```") < 2:
        return []
    return [_TOKEN.findall(block.partition("\n")[2]) for block in text.split("```")[1::2]]
