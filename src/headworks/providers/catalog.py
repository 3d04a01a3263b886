"""The providers known by name: the rows of `catalog.toml`. Facts only; no code of the house names one of them."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct

from headworks.providers.link import Auth

Capability = Literal[
    "chat",
    "completion",
    "embedding",
    "count",
    "stream_usage",
    "max_completion_tokens",
    "prefill",
    "cache_control",
    "prompt_cache_key",
    "cached_content",
]


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider of the catalog.

    Attributes:
        name: Its name for people.
        dialect: The wire format it speaks.
        base_url: Without trailing slash; empty when only a config can know it.
        auth: The header that carries the key.
        capabilities: What may be asked of it, as in `providers/link.py`.
        docs: The page these facts come from.
        checked: The day they were checked.
        key_env: Environment variables that may hold the key; the first that is set counts. Empty with auth `none`.
        patterns: Shell patterns (`fnmatchcase`) of bare model names that belong to it when no config maps them.
        models: A few current model names.
        price_id: Its id in the price library; None when it has none.
    """

    name: str
    dialect: Literal["openai", "anthropic", "gemini"]
    base_url: str
    auth: Auth
    capabilities: frozenset[Capability]
    docs: str
    checked: date
    key_env: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    price_id: str | None = None


@cache
def rows() -> dict[str, Row]:
    """Every row by its key, in the order of the file. Read once per process.

    Raises:
        msgspec.ValidationError: The file shipped with the package is broken.
    """
    text = files("headworks.providers").joinpath("catalog.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Row])
