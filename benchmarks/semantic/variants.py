"""Texts that look like another and mean something else: negated, turned round, with another number or name."""

import re

_VERBS = "is|are|was|were|do|does|did|can|could|should|will|would|has|have|had|must|may"
_VERB = re.compile(
    rf"^((?:(?:what|how|why|when|where|who|which|if)\s)?(?:\w+\s){{0,2}}?)({_VERBS})\s+(\w+)\s", re.IGNORECASE
)
_WAY = re.compile(r"\bfrom (\w+) to (\w+)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_NAMES = (
    ("India", "China"),
    ("Pakistan", "Nepal"),
    ("Trump", "Sanders"),
    ("Facebook", "Twitter"),
    ("Instagram", "Snapchat"),
    ("Gmail", "Outlook"),
    ("iPhone", "Nokia"),
    ("Google", "Microsoft"),
    ("Java", "Python"),
    ("English", "German"),
    ("Mumbai", "Delhi"),
    ("Canada", "Norway"),
    ("Quora", "Reddit"),
)


def negated(text: str) -> str | None:
    """`Can I eat rice?` becomes `Can I not eat rice?`; None when the text has no place for it or is negated already."""
    if re.search(r"\b(not|never|no|without)\b|n't", text, re.IGNORECASE):
        return None
    found = _VERB.search(text)
    return text[: found.end()] + "not " + text[found.end() :] if found else None


def turned(text: str) -> str | None:
    """`from A to B` becomes `from B to A`; None when there is no such way in the text."""
    found = _WAY.search(text)
    if not found or found[1].lower() == found[2].lower():
        return None
    return f"{text[: found.start(1)]}{found[2]} to {found[1]}{text[found.end(2) :]}"


def renumbered(text: str) -> str | None:
    """The first number becomes another one of as many digits; None when there is no number."""
    found = _NUMBER.search(text)
    if not found:
        return None
    digits = found[0]
    other = (
        str((int(digits[0]) % 9) + 1) + digits[1:] if len(digits) < 4 else digits[:-1] + str((int(digits[-1]) + 3) % 10)
    )
    return text[: found.start()] + other + text[found.end() :]


def renamed(text: str) -> str | None:
    """The first name that has a counterpart becomes that; None when there is none."""
    for one, other in _NAMES:
        if re.search(rf"\b{one}\b", text) and not re.search(rf"\b{other}\b", text):
            return re.sub(rf"\b{one}\b", other, text)
    return None
