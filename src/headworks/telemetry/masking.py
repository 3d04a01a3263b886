"""Keep secrets out of what is logged: known secret values, and anything that looks like a key."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[key]"
"""What stands for a secret: shorter than any secret looked for, so it never holds one."""
SHORTEST_SECRET = 6
_NAMES = 1024
_KEY_LIKE = re.compile(
    r"(?:\b(?:hw|sk|pk|gsk|xai|nvapi)-|AIza|\bgh[pousr]_)[A-Za-z0-9_\-]{6,}|(?i:\bbearer\s+)[^\s\"',;]+|"
    r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
)


class Masker:
    """Replaces secrets in text and in nested values.

    Args:
        secrets: Values known from the config. Shorter than `SHORTEST_SECRET` characters they are not looked for: they
            would mask ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first: a secret that holds another one inside is masked whole.
        known = sorted({secret for secret in secrets if len(secret) >= SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

        self._names: dict[str, str] = {}

    def name(self, name: str) -> str:
        """`text`, for the few names that come again with every call: each is looked at once."""
        masked = self._names.get(name)
        if masked is None:
            if len(self._names) >= _NAMES:
                self._names.clear()  # clients make names up; the config's own are back at once
            masked = self._names[name] = self.text(name)
        return masked

    def text(self, text: str) -> str:
        """`text` without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        # Every key-like form holds one of these; most logged values hold none, and this is ten times the regex's speed.
        if "-" in text or ":" in text or "_" in text or " " in text or "AIza" in text or not text.isprintable():
            return _KEY_LIKE.sub(MASK, text)
        return text

    def value(self, value: Any) -> Any:
        """`value` without secrets: strings, also inside lists and mappings; anything unknown as text."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner) for inner in value]
        return self.text(str(value))
