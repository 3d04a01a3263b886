"""Say pydantic's complaints in our own sentences, at the place of the file they are about.

No sentence repeats a value, with one exception: a word that should have been one of a few is compared with them.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from headworks import __version__
from headworks.config.settings import Config
from headworks.config.tree import Path, Tree

_NOT_YET = {
    ("features", "*", "models"),
    ("features", "*", "retrieval"),
    ("features", "*", "output"),
}
"""Keys of the published interface that a later version brings."""

_SENTENCES = {
    "missing": "this key is needed",
    "int": "should be a whole number",
    "float": "should be a number",
    "decimal": "should be a number",
    "finite": "should be a finite number",
    "bool": "should be true or false",
    "string": "should be text",
    "string_too_short": "should not be empty",
    "too_short": "should not be empty",
    "path": "should be a path",
    "dict": "should be a mapping of keys",
    "model": "should be a mapping of keys",
    "mapping": "should be a mapping of keys",
    "tuple": "should be a list",
    "list": "should be a list",
    "frozen": "should be a list",
    "set": "should be a list",
}
_BOUNDS = {
    "greater_than": ("gt", "should be more than"),
    "greater_than_equal": ("ge", "should be at least"),
    "less_than": ("lt", "should be less than"),
    "less_than_equal": ("le", "should be at most"),
}


def report_complaints(tree: Tree, errors: Sequence[ErrorDetails], model: type[BaseModel] = Config) -> None:
    """Note each of pydantic's `errors` on `tree`, which was checked against `model`."""
    faulty = [error["loc"] for error in errors]
    for error in errors:
        loc = error["loc"]
        if error["type"] == "too_short" and any(other != loc and other[: len(loc)] == loc for other in faulty):
            continue  # a list is only short of the items that are complained of
        at_key = bool(loc) and loc[-1] == "[key]"
        path: Path = loc[:-1] if at_key else loc
        if error["type"] == "extra_forbidden":
            _unknown_key(tree, path, model)
        else:
            message, suggestion = _sentence(tree, path, error)
            tree.report(path, message, suggestion=suggestion, at_key=at_key)


def _unknown_key(tree: Tree, path: Path, model: type[BaseModel]) -> None:
    name = str(path[-1])
    if _shape(path) in _NOT_YET:
        tree.report(path, f"`{name}` is not available in this version ({__version__}); remove it", at_key=True)
        return
    known = sorted(_known_keys(path[:-1], model))
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    message = f"unknown key `{name}`" if close else f"unknown key `{name}`; known here: {', '.join(known)}"
    tree.report(path, message, suggestion=close[0] if close else None, at_key=True)


def _shape(path: Path) -> Path:
    return ("features", "*", *path[2:]) if path[:1] == ("features",) else path


def _sentence(tree: Tree, path: Path, error: ErrorDetails) -> tuple[str, str | None]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "literal_error":
        return _choice(tree, path, context)
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{words} {context[key]}", None
    if kind == "string_pattern_mismatch":
        return f"should match the pattern {context['pattern']}", None
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, "), None
    if kind == "unknown_row":
        return error["msg"], context.get("suggestion")
    known = _SENTENCES.get(kind) or _SENTENCES.get(kind.split("_", maxsplit=1)[0])
    return known or "has a value that is not usable here", None


def _choice(tree: Tree, path: Path, context: dict[str, Any]) -> tuple[str, str | None]:
    choices = re.findall(r"'([^']*)'", context["expected"])
    close = get_close_matches(tree.source(path).lower(), choices, n=1)
    if len(choices) == 1:
        return f"only `{choices[0]}` is available in this version ({__version__})", None
    return f"should be one of {', '.join(choices)}", close[0] if close else None


def _known_keys(path: Path, model: type[BaseModel]) -> set[str]:
    """The keys that the mapping at `path` of a file may have."""
    here: list[Any] = [model]
    for step in path:
        here = [inner for kind in here for inner in _below(kind, step)]
    return {name for kind in here for model in _models(kind) for name in model.model_fields}


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    kind = _bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif get_origin(kind) in {Union, UnionType}:
        for option in get_args(kind):
            yield from _models(option)


def _bare(kind: Any) -> Any:
    """A type without what `Annotated` adds to it."""
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _below(kind: Any, step: str | int) -> Iterator[Any]:
    """The types that the value under `step` may have, in a value of type `kind`."""
    kind = _bare(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if step in kind.model_fields:
            yield kind.model_fields[str(step)].annotation
    elif get_origin(kind) in {Union, UnionType}:
        for option in get_args(kind):
            yield from _below(option, step)
    elif get_origin(kind) is dict:
        yield get_args(kind)[1]
    elif get_args(kind):
        yield get_args(kind)[0]
