"""Patterns from configs and people, matched in time that grows only with the text: none can hang a worker.

Whether one matches is asked of Rust's regex engine, which pydantic's core brings and which answers in a tenth of a
microsecond; where it matches, of RE2. Neither has back references or look-around; they share all common syntax.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol

import re2
from pydantic_core import SchemaError, SchemaValidator, core_schema

MOST_CHARACTERS = 2_000
_MOST_BYTES = 8_388_608


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Any | None:
        """The first match anywhere in `text`, with `start()`, `end()` and `group()`; None when there is none."""


@lru_cache(maxsize=1_000)
def matcher(pattern: str, *, ignore_case: bool = False) -> Callable[[object], bool]:
    """Whether a value is a text in which the pattern is found anywhere (docs.rs/regex, syntax).

    Raises:
        ValueError: It is none, or too large; the message says what of it.
    """
    _check_length(pattern)
    flagged = f"(?i:{pattern})" if ignore_case else pattern
    try:
        found = SchemaValidator(core_schema.str_schema(pattern=flagged, regex_engine="rust-regex", strict=True))
    except SchemaError as error:
        reason = str(error).rstrip(". \n").rsplit("\n", maxsplit=1)[-1].rpartition("rror: ")[2].strip()
        raise ValueError(f"`{pattern}` is not a pattern: {reason}") from error
    return found.isinstance_python


@lru_cache(maxsize=1_000)
def compiled(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """A pattern in RE2's syntax (github.com/google/re2/wiki/Syntax): no back references, no look-around.

    Raises:
        ValueError: It is none, or too large; the message says what of it.
    """
    _check_length(pattern)
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


def _check_length(pattern: str) -> None:
    if len(pattern) > MOST_CHARACTERS:
        raise ValueError(f"a pattern has at most {MOST_CHARACTERS} characters, and this one {len(pattern)}")
