"""Personal data on its way out and back: a token for each value, for one call, and the values put back into the answer.

Tokens are numbered in the order in which values stand in the ask, so the same conversation gets the same tokens each
time and caches find it again. A token that the ask itself happens to hold is passed over. The values live as long as
the call.
"""

import re
from collections.abc import Callable

import msgspec

TOKEN = re.compile(r"\[[A-Z][A-Z0-9_]{1,24}_\d{1,6}\]")
LONGEST_TOKEN = 36


class Vault:
    """The values of one call.

    Args:
        said: Says what the ask holds, as sent, once it is needed: where a token's text stands in it, the next number is
            taken.
    """

    __slots__ = ("_counts", "_said", "_text", "_tokens", "_values")

    def __init__(self, said: Callable[[], str] = str) -> None:
        self._said = said
        self._text: str | None = None
        self._counts: dict[str, int] = {}
        self._tokens: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def token(self, kind: str, value: str) -> str:
        """The token that stands for `value`."""
        if self._text is None:
            self._text = self._said()
        known = self._tokens.get(value)
        while known is None:
            count = self._counts[kind] = self._counts.get(kind, 0) + 1
            token = f"[{kind}_{count}]"
            if token not in self._text:
                known = self._tokens[value] = token
                self._values[token] = value
        return known

    def restored(self, text: str, *, in_json: bool = False) -> str:
        """`text` with the values in place of their tokens; `in_json` writes them as inside a JSON string."""
        if not self._values or "[" not in text:
            return text
        return TOKEN.sub(lambda match: self._value(match.group(), in_json=in_json), text)

    def settled(self, text: str, start: int, end: int) -> int:
        """The last place up to `end` where no token is cut, nor one that may still come."""
        at = text.rfind("[", max(start, end - LONGEST_TOKEN), end) if self._values else -1
        return end if at < 0 or "]" in text[at:end] else at

    def _value(self, token: str, *, in_json: bool) -> str:
        value = self._values.get(token, token)
        return msgspec.json.encode(value)[1:-1].decode() if in_json else value
