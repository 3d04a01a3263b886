"""The environment in which templates run: a few filters, no globals, and no way to a Python attribute.

`x.name` and `x["name"]` look into objects and lists of JSON and nowhere else. What a filter may make longer has a bound
in the template, so that no value can make it grow beyond that.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from jinja2 import Environment, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context, LoopContext

from headworks.core.errors import BadAskError
from headworks.prompts.templates.meter import Meter

METER = "_meter"
"""Where the context holds the meter. No variable and no name in a template begins with `_`."""
TURNS = "_turns"
LOOP = frozenset(["index", "index0", "revindex", "revindex0", "first", "last", "length"])
TESTS = ("defined", "undefined", "none", "string", "number", "boolean", "mapping", "sequence", "even", "odd", "in")


class Sandbox(Environment):
    """Jinja without Python."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`obj.attribute`: a key of an object, or of a loop what it says of itself."""
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`: a key of an object, a place or a piece of a list or a text."""
        if isinstance(obj, dict | list | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                pass
        return self.undefined(f"there is no `{str(argument)[:100]}` in what was given")


def shown(value: Any) -> Any:
    """A value as text: objects and lists as JSON, truth as in JSON, nothing for None."""
    if isinstance(value, str) or type(value) is int or type(value) is float:
        return value
    if value is None:
        return ""
    if isinstance(value, Undefined):
        return str(value)  # raises, and says what is missing
    return as_json(value)


def as_json(value: Any) -> str:
    """JSON text."""
    return msgspec.json.encode(value).decode()


@pass_context
def _turns(context: Context, value: Any, weight: int) -> Any:
    """What a loop goes through, counted by the `weight` of its body. Every `for` of a template goes through this."""
    if isinstance(value, Undefined):
        return iter(value)  # raises, and says what is missing
    if not isinstance(value, list | dict):
        raise BadAskError("A loop of the prompt goes through lists and objects only.", param="variables")
    meter: Meter = context[METER]
    meter.loop(len(value) * weight)
    return value


def _text(work: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: work(value if isinstance(value, str) else str(shown(value)))


def _join(value: Any, between: str = "") -> str:
    if not isinstance(value, list):
        raise BadAskError("`join` in the prompt takes a list.", param="variables")
    return between.join(str(shown(item)) for item in value)


def _indent(value: str, width: int = 4) -> str:
    return str(value).replace("\n", "\n" + " " * width)


def _default(value: Any, instead: Any = "") -> Any:
    return instead if value is None or isinstance(value, Undefined) else value


def _length(value: Any) -> int:
    return len(_sized(value))


def _first(value: Any) -> Any:
    return next(iter(_sized(value)), None)


def _last(value: Any) -> Any:
    return next(iter(reversed(_sized(value))), None)


def _items(value: Any) -> list[list[Any]]:
    if not isinstance(value, dict):
        raise BadAskError("`items` in the prompt takes an object.", param="variables")
    return [[key, one] for key, one in value.items()]


def _sized(value: Any) -> Any:
    if not isinstance(value, list | dict | str):
        raise BadAskError("A filter of the prompt takes a text, a list or an object.", param="variables")
    return list(value) if isinstance(value, dict) else value


FILTERS: Mapping[str, Callable[..., Any]] = {
    "upper": _text(str.upper),
    "lower": _text(str.lower),
    "trim": _text(str.strip),
    "capitalize": _text(str.capitalize),
    "tojson": as_json,
    "join": _join,
    "indent": _indent,
    "default": _default,
    "length": _length,
    "first": _first,
    "last": _last,
    "items": _items,
}


def sandbox() -> Sandbox:
    """An environment. It keeps no templates: each version is compiled once, and kept by who uses it."""
    made = Sandbox(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        cache_size=0,
    )
    made.globals.clear()
    made.filters = {**FILTERS, TURNS: _turns}
    made.tests = {name: made.tests[name] for name in TESTS}
    return made
