"""What it costs to have a prefix kept under a name. The prices are data, in `storage.toml`; the config's own win."""

import tomllib
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib import resources

import msgspec
from msgspec import Struct

from headworks.core.messages import Prices, Target

HOUR_S = 3_600
_NANO_PER_TOKEN = 1_000
"""One dollar per million tokens is a thousand nano-dollars per token."""
_DAY_S = 86_400


class _Row(Struct, frozen=True, rename={"since": "from"}):
    models: tuple[str, ...]
    usd_per_mtok_hour: float
    since: date


def _rows() -> tuple[_Row, ...]:
    text = resources.files("headworks.cache.prefix").joinpath("storage.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["row"], tuple[_Row, ...])


_ROWS = _rows()


def storage_nano(target: Target, prices: Prices, now_s: float) -> int | None:
    """Nano-dollars for one token and one hour at `now_s` (Unix seconds); None when nobody knows."""
    own = prices.cache_storage_hour
    return _listed_nano(target.provider_model, int(now_s // _DAY_S)) if own is None else own


def stored_nano(tokens: int, hour_nano: int, seconds: float) -> int:
    """Nano-dollars for so many tokens and so long, to the next whole one."""
    return -(-tokens * hour_nano * round(seconds) // HOUR_S)


@lru_cache(maxsize=1024)
def _listed_nano(model: str, day: int) -> int | None:
    name, today = model.lower().rsplit("/", 1)[-1], datetime.fromtimestamp(day * _DAY_S, UTC).date()
    for row in _ROWS:
        if row.since <= today and any(fnmatchcase(name, pattern) for pattern in row.models):
            return int(Decimal(str(row.usd_per_mtok_hour)) * _NANO_PER_TOKEN)
    return None
