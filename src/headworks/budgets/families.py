"""Which family a model counts its tokens like. The families themselves are data, in `families.toml`."""

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources

import msgspec
from msgspec import Struct

from headworks.budgets.pictures import Flat, ImageRule


class Family(Struct, frozen=True, kw_only=True):
    """One row of `families.toml`, which says what the fields mean."""

    models: tuple[str, ...]
    encoding: str
    factor: float = 1.0
    exact: bool = False
    margin: float = 0.0
    per_message: int = 0
    reply: int = 0
    image: ImageRule = Flat(each=1000, tokens_most=16_384)


def read_families() -> tuple[Family, ...]:
    """Every row, in order; the last one matches any model."""
    text = resources.files("headworks.budgets").joinpath("families.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["family"], tuple[Family, ...])


_FAMILIES = read_families()


def plain_name(model: str) -> str:
    """A model's name in lower case, without what stands before its last `/` and without `ft:`."""
    return model.lower().rsplit("/", 1)[-1].removeprefix("ft:")


@lru_cache(maxsize=1024)
def family_of(model: str) -> Family:
    """The family of a model by its name at the provider."""
    name = plain_name(model)
    return next(row for row in _FAMILIES if any(fnmatchcase(name, pattern) for pattern in row.models))
