"""What an evaluation says, in the words of OpenFeature.

https://openfeature.dev/specification/types, read 2026-11-24.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, structs

Context = Mapping[str, object]
"""Who and what an evaluation is about: JSON values by name. `targetingKey` is whom splits keep to one variant."""

Reason = Literal["STATIC", "TARGETING_MATCH", "SPLIT", "DEFAULT", "DISABLED", "CACHED", "STALE", "UNKNOWN", "ERROR"]
ErrorCode = Literal[
    "FLAG_NOT_FOUND", "TYPE_MISMATCH", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "PARSE_ERROR", "GENERAL"
]
Kind = Literal["boolean", "string", "number", "object"]

TARGETING_KEY = "targetingKey"


class Details(Struct, frozen=True, kw_only=True):
    """What came of one evaluation. Shared between evaluations: what `value` and `metadata` hold is not to be changed.

    Attributes:
        key: The flag's name.
        value: A JSON value; None where the caller's own default is in force.
        variant: Name of the value.
        reason: Why it is this one.
        error_code: What went wrong, with the reason `ERROR`.
        error_message: The sentence about it.
        metadata: What the definition adds, for the caller's records.
        rule: Which of the flag's rules decided, from 0; None when none did.
    """

    key: str
    value: Any = None
    variant: str | None = None
    reason: Reason
    error_code: ErrorCode | None = None
    error_message: str | None = None
    metadata: Mapping[str, Any] = {}
    rule: int | None = None


def failed(key: str, code: ErrorCode, sentence: str) -> Details:
    """The details of an evaluation that came to nothing."""
    return Details(key=key, reason="ERROR", error_code=code, error_message=sentence)


def not_found(key: str) -> Details:
    """The details for a name that no flag has."""
    return failed(key, "FLAG_NOT_FOUND", f"flag {key} not found")


def kind_of(value: object) -> Kind | None:
    """The type of flag that a value belongs to; None for a value that no flag can have."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int):
        return "number"
    if isinstance(value, float):
        return "number" if math.isfinite(value) else None
    return "object" if isinstance(value, dict | list | tuple) else None


def fitted(details: Details, default: Any) -> Details:
    """The same details with a value of the type of `default`, or with `default` itself.

    A whole number fits where a fraction is wanted, and the other way round where nothing is lost. `default` stands
    where there is no value, where evaluating failed, and, as `TYPE_MISMATCH`, where the value is of another type. None
    takes a value of any type.
    """
    value = details.value
    if value is None:
        return structs.replace(details, value=default)
    wanted = type(default)
    if wanted is type(value) or default is None:
        return details
    if kind_of(value) != kind_of(default):
        return _mismatch(details, default)
    if wanted is float:
        return _as_float(details, default)
    if wanted is int:
        return structs.replace(details, value=int(value)) if value.is_integer() else _mismatch(details, default)
    return details


def _as_float(details: Details, default: float) -> Details:
    try:
        return structs.replace(details, value=float(details.value))
    except OverflowError:  # a whole number beyond what a fraction can hold
        return _mismatch(details, default)


def _mismatch(details: Details, default: object) -> Details:
    sentence = f"flag {details.key} has a value of type {_type_name(details.value)}, not {_type_name(default)}"
    return structs.replace(failed(details.key, "TYPE_MISMATCH", sentence), value=default)


def _type_name(value: object) -> str:
    kind = kind_of(value)
    if kind == "number":
        return "integer" if isinstance(value, int) else "float"
    return kind or type(value).__name__
