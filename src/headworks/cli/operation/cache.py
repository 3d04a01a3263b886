"""`headworks cache`: what the cache does, and what is to go from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from cyclopts import Parameter

from headworks.cli.access.cache import CacheAccess, RemoteCache, StoredCache
from headworks.cli.access.place import Here, Place, seconds
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError

_TIERS = ("tier", "entries", "mib", "limit_mib", "hits", "evicted", "up")
_TROUBLES = ("place", "broken", "dropped", "refused")
_SEMANTIC = ("feature", "calls", "hits", "shadowed", "wrong", "wrong_share", "95%", "max_error", "stopped")
_MIB = 2**20
_Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True)
class Meant:
    """What is to go: all that is said must hold.

    Attributes:
        feature: Answers of this feature.
        prompt: Of this prompt: `name@version`, or `name` for all its versions.
        model: Asked of this model name.
        corpus: Made with this version of the documents.
        tag: Of calls with this tag, as `name=value`.
        user: Answers to this end user; in every organisation, unless `--org` says which.
        org: Of this organisation.
        older_than: Made at least so long ago: 90s, 15m, 24h, 7d.
        all: Every answer.
    """

    feature: str | None = None
    prompt: str | None = None
    model: str | None = None
    corpus: str | None = None
    tag: str | None = None
    user: str | None = None
    org: str | None = None
    older_than: str | None = None
    all: _Flag = False

    def wish(self) -> dict[str, Any]:
        """The body of `POST /admin/v1/cache/invalidate`.

        Raises:
            BadAskError: A value is empty, or the duration is none.
        """
        names = ("feature", "prompt", "model", "corpus", "tag", "user", "org")
        wish = {name: value for name in names if (value := getattr(self, name)) is not None}
        for name, value in wish.items():
            if not value:  # a script's variable that was not set must not mean everything, or nothing
                raise BadAskError(f"--{name} is empty.")
        if self.older_than is not None:
            wish["older_than_s"] = seconds(self.older_than)
        return wish | ({"all": True} if self.all else {})


def stats(*, place: Here | None = None) -> int:
    """Show what the cache does: hits, what they saved, what each tier holds, how often answers by meaning are wrong.

    Example: headworks cache stats --url http://127.0.0.1:8080

    Args:
        place: Where to look. What calls did, only a running gateway knows (`--url`); its worker that answers speaks for
            itself.
    """
    place = place or Place()
    found = _cache(place).stats()
    print(json_text(found) if place.json else "\n".join(_told(found)))
    return 0


def invalidate(
    *, meant: Annotated[Meant, Parameter(name="*")] | None = None, dry_run: _Flag = False, place: Here | None = None
) -> int:
    """Let go of cached answers, in every tier and every process, and count what is left of them.

    Example: headworks cache invalidate --user ann --org acme --dry-run

    Example: headworks cache invalidate --feature support-bot --older-than 2h --url http://127.0.0.1:8080

    Args:
        meant: What is to go.
        dry_run: Only count what would go.
        place: Where to act. On a data directory it works beside a running gateway, too, whose workers follow at once.
    """
    place = place or Place()
    done = _cache(place).invalidate((meant or Meant()).wish() | {"dry_run": dry_run})
    print(json_text(done) if place.json else "\n".join(_done(done)))
    return 0


def _cache(place: Place) -> CacheAccess:
    admin = place.admin()
    return StoredCache(place.read()) if admin is None else RemoteCache(admin)


def _done(done: Mapping[str, Any]) -> Iterator[str]:
    if done["dry_run"]:
        yield f"Would go: {_counts(done['counts'])}. Nothing was changed."
        return
    yield f"Gone: {_counts(done['counts'])}."
    yield f"Left: {_counts(done['left'])}."
    if any(done["left"].values()):
        yield "What is left was answered since."
    if not done["erased"]:
        yield "Their bytes are overwritten as soon as another process that reads the file lets go of it."


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{tier} {count}" for tier, count in counts.items()) or "nothing, for nothing is kept here"


def _told(found: Mapping[str, Any]) -> Iterator[str]:
    if found["calls"] is None:
        yield "What calls did, a running gateway says: --url."
    else:
        share = "no hits yet" if found["hit_share"] is None else f"{found['hit_share']:.1%} hits"
        calls = ", ".join(f"{count} {kind}" for kind, count in found["calls"].items())
        yield f"Since {found['since']}, in the worker that answered: {share} ({calls})."
        yield f"Stored: {found['stored']} answers."
        yield f"Saved: {found['saved_usd']:.6f} USD."
    yield ""
    yield table([_tier(name, row) for name, row in found["tiers"].items()], _TIERS)
    yield ""
    yield table([{"place": name, **row} for name, row in found["troubles"].items()], _TROUBLES)
    if found["semantic"]:
        yield ""
        yield table([_semantic(row) for row in found["semantic"]], _SEMANTIC)


def _tier(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "tier": name,
        "mib": _mib(row["bytes"]),
        "limit_mib": _mib(row["limit_bytes"]),
        "up": "yes" if row["up"] else "no",
    }


def _mib(size: int | None) -> str | None:
    return None if size is None else f"{size / _MIB:.1f}"


def _semantic(row: Mapping[str, Any]) -> dict[str, Any]:
    measured = row["rate"] is not None
    return {
        **row,
        "wrong_share": f"{row['rate']:.2%}" if measured else None,
        "95%": f"{row['low']:.2%} to {row['high']:.2%}" if measured else None,
        "max_error": f"{row['max_error']:.2%}",
        "stopped": row["stopped"] or None,
    }
