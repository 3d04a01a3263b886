"""How long a prefix must be for a provider to keep it. The numbers are data, in `minimums.toml`."""

import tomllib
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources

import msgspec
from msgspec import Struct


class _Row(Struct, frozen=True):
    models: tuple[str, ...]
    tokens: int


def _rows() -> tuple[_Row, ...]:
    text = resources.files("headworks.cache.prefix").joinpath("minimums.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["row"], tuple[_Row, ...])


_ROWS = _rows()


@lru_cache(maxsize=1024)
def least_tokens(model: str) -> int:
    """Tokens of the shortest prefix worth a mark, for a model by its name at the provider."""
    name = model.lower().rsplit("/", 1)[-1]
    return next(row.tokens for row in _ROWS if any(fnmatchcase(name, pattern) for pattern in row.models))
