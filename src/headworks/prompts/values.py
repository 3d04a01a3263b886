"""Check what a client puts in for the variables of a prompt: every name known, every type right, none too long.

Values are data. They are checked, handed to the template, and never read as a template, as a role or as YAML.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError
from headworks.prompts.names import advice
from headworks.prompts.record import Kind, Variable

MAX_LENGTH = 100_000
"""Characters of a string, unless the prompt says otherwise."""
MAX_ITEMS = 1_000
"""Items of a list, unless the prompt says otherwise."""
MAX_URL = 32 * 1024 * 1024
"""Characters of a picture, which may be a `data:` URL."""
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*")
_DATA = re.compile(r"data:(image/[\w.+-]+);base64,", re.ASCII)
_LENGTHS: dict[str, int] = {"string": MAX_LENGTH, "list": MAX_ITEMS, "object": MAX_LENGTH}
_WORDS: dict[str, str] = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "enum": "one of its values",
    "list": "a list",
    "object": "an object",
    "image": "a URL of a picture (https:// or data:image/...;base64,)",
}


class Picture(Struct, frozen=True):
    """A picture to be sent: the URL as given, and of a `data:` URL its media type and base64 text."""

    url: str
    media_type: str | None = None
    data: str | None = None


def checked_values(declared: Mapping[str, Variable], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the template is given: every declared name, a default or None where nothing was sent.

    Raises:
        BadAskError: A name is missing, unknown, or its value of the wrong type, too long or out of range; `param` is
            `variables.NAME`.
    """
    for name in given:
        if name not in declared:
            shown = name[:100].encode("utf-8", "replace").decode()
            _refuse(shown, f"the prompt has no such variable.{advice(shown, declared)}")
    return {name: _value(name, variable, given.get(name)) for name, variable in declared.items()}


def _value(name: str, variable: Variable, value: Any) -> Any:
    if value is None:
        if variable.default is not None:
            value = variable.default
        elif variable.required is not False:
            _refuse(name, f"it is missing; the prompt needs {_WORDS[variable.type]}.")
        else:
            return [] if variable.type == "list" else None
    checked = _CHECKS[variable.type](name, variable, value)
    if variable.type != "list" or variable.items is None:
        return checked
    item = Variable(type=variable.items)
    check = _CHECKS[variable.items]
    return [check(f"{name}[{at}]", item, one) for at, one in enumerate(checked)]


def check_declaration(name: str, variable: Variable) -> str | None:
    """What is wrong with a variable as the prompt declares it; None when nothing is."""
    if (variable.type == "enum") != bool(variable.values):
        return f"`{name}`: `values` belong to a variable of type enum, and to no other."
    if variable.items is not None and (variable.type != "list" or variable.items in ("list", "enum")):
        return f"`{name}`: `items` belong to a list, and are neither lists nor enums."
    if variable.max_length is not None and (variable.max_length < 0 or variable.type not in _LENGTHS):
        return f"`{name}`: `max_length` belongs to strings, lists and objects, and is not below 0."
    limits = [limit for limit in (variable.minimum, variable.maximum) if limit is not None]
    if limits and variable.type not in ("integer", "number"):
        return f"`{name}`: `minimum` and `maximum` belong to numbers."
    if variable.default is None:
        return None
    if variable.required:
        return f"`{name}`: what has a default is not required."
    try:
        _value(name, variable, variable.default)
    except BadAskError as error:
        return f"`{name}`: the default does not fit. {error.message}"
    return None


def _string(name: str, variable: Variable, value: Any) -> str:
    if type(value) is not str:
        _mistyped(name, variable, value)
    _check_length(name, variable, len(value), "characters")
    return value


def _integer(name: str, variable: Variable, value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        _mistyped(name, variable, value)
    _check_range(name, variable, value)
    return int(value)


def _number(name: str, variable: Variable, value: Any) -> int | float:
    if type(value) not in (int, float) or not math.isfinite(value):
        _mistyped(name, variable, value)
    _check_range(name, variable, value)
    return value if type(value) is int else float(value)


def _check_range(name: str, variable: Variable, value: float) -> None:
    if variable.minimum is not None and value < variable.minimum:
        _refuse(name, f"it is at least {variable.minimum}.")
    if variable.maximum is not None and value > variable.maximum:
        _refuse(name, f"it is at most {variable.maximum}.")
    if abs(value) > 1e300:
        _refuse(name, "it is too large.")


def _boolean(name: str, variable: Variable, value: Any) -> bool:
    if type(value) is not bool:
        _mistyped(name, variable, value)
    return value


def _enum(name: str, variable: Variable, value: Any) -> str:
    if type(value) is not str or value not in variable.values:
        _refuse(name, f"it is one of: {', '.join(variable.values)}.")
    return value


def _list(name: str, variable: Variable, value: Any) -> list[Any]:
    if type(value) is not list:
        _mistyped(name, variable, value)
    _check_length(name, variable, len(value), "items")
    if variable.items is None and len(msgspec.json.encode(value)) > MAX_LENGTH * 10:
        _refuse(name, f"its JSON has more than {MAX_LENGTH * 10} bytes.")
    return value


def _object(name: str, variable: Variable, value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        _mistyped(name, variable, value)
    _check_length(name, variable, len(msgspec.json.encode(value).decode()), "characters of JSON")
    return value


def _image(name: str, variable: Variable, value: Any) -> Picture:
    if type(value) is not str or len(value) > MAX_URL:
        _mistyped(name, variable, value)
    match = _DATA.match(value)
    if match is None:
        if not _URL.fullmatch(value):
            _mistyped(name, variable, value)
        return Picture(value)
    data = value[match.end() :]
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        _refuse(name, "what follows `base64,` is not base64.")
    return Picture(value, match.group(1), data)


_CHECKS: dict[Kind, Callable[[str, Variable, Any], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "enum": _enum,
    "list": _list,
    "object": _object,
    "image": _image,
}


def _check_length(name: str, variable: Variable, length: int, unit: str) -> None:
    limit = _LENGTHS[variable.type] if variable.max_length is None else variable.max_length
    if length > limit:
        _refuse(name, f"it has {length} {unit}; at most {limit} are allowed.")


def _mistyped(name: str, variable: Variable, value: Any) -> NoReturn:
    _refuse(name, f"expected {_WORDS[variable.type]}, got {_kind(value)}.")


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a whole number", float: "a number", str: "a string", list: "a list"}
    return kinds.get(type(value), "an object" if isinstance(value, dict) else "null")


def _refuse(name: str, message: str) -> NoReturn:
    raise BadAskError(f"`variables.{name}`: {message}", param=f"variables.{name}")
