"""Patterns from configs and people, matched in time that grows only with the text (RE2): none can hang a worker."""

from functools import lru_cache
from typing import Any, Protocol

import re2

MOST_CHARACTERS = 2_000
_MOST_BYTES = 8_388_608


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Any | None:
        """The first match anywhere in `text`, with `start()`, `end()` and `group()`; None when there is none."""


@lru_cache(maxsize=1_000)
def compiled(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """A pattern in RE2's syntax (github.com/google/re2/wiki/Syntax): no back references, no look-around.

    Raises:
        ValueError: It is none, or too large; the message says what of it.
    """
    if len(pattern) > MOST_CHARACTERS:
        raise ValueError(f"a pattern has at most {MOST_CHARACTERS} characters, and this one {len(pattern)}")
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = _MOST_BYTES
    try:
        found: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "not a pattern"
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"`{pattern}` is not a pattern: {said}") from error
    return found
