"""How much a model writes at most. The figures are data, in `outputs.toml`."""

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources

import msgspec
from msgspec import Struct

from headworks.budgets.families import plain_name


class Output(Struct, frozen=True):
    """One row of `outputs.toml`."""

    models: tuple[str, ...]
    tokens: int


def read_outputs() -> tuple[Output, ...]:
    """Every row, in order."""
    text = resources.files("headworks.budgets").joinpath("outputs.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["output"], tuple[Output, ...])


_OUTPUTS = read_outputs()


@lru_cache(maxsize=1024)
def most_written(model: str) -> int | None:
    """Tokens that a model writes in one answer at most, by its name at the provider; None when that is not known."""
    name = plain_name(model)
    return next((row.tokens for row in _OUTPUTS if any(fnmatchcase(name, pattern) for pattern in row.models)), None)
