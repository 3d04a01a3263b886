"""`headworks keys`: make, list, revoke and rotate virtual keys."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from headworks.cli.access.keys import KeyAccess, RemoteKeys
from headworks.cli.access.place import Here, Place, seconds
from headworks.cli.access.stored_keys import StoredKeys
from headworks.cli.output import json_text, table
from headworks.core.clock import SystemClock, rfc3339
from headworks.core.errors import BadAskError

_BUDGET = ("usd_per_day", "usd_per_month", "usd_total")
_LIMITS = ("rpm", "tpm", "concurrent")
_COLUMNS = ("id", "name", "org", "user", "status", "models", "features", "expires_at")


@Parameter(name="*")
@dataclass(frozen=True)
class Rights:
    """What a new key may do.

    Attributes:
        org: The organisation its calls are counted for.
        user: The user its calls are counted for, unless a request names one.
        team: The team its calls are counted for.
        models: Model names it may ask for; may be given several times. None given: all.
        features: Features it may ask for; may be given several times. None given: all.
        expires: When it ends: a time such as 2027-01-31T00:00:00Z, or a duration such as 30d.
        usd_per_day: Dollars that may be spent with it a day.
        usd_per_month: Dollars a month.
        usd_total: Dollars altogether.
        rpm: Requests a minute.
        tpm: Tokens a minute.
        concurrent: Calls under way at once.
    """

    org: str = "default"
    user: str | None = None
    team: str | None = None
    models: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    features: Annotated[tuple[str, ...], Parameter(negative=())] = ()
    expires: str | None = None
    usd_per_day: str | None = None
    usd_per_month: str | None = None
    usd_total: str | None = None
    rpm: int | None = None
    tpm: int | None = None
    concurrent: int | None = None

    def wish(self, name: str) -> dict[str, Any]:
        """The body of `POST /admin/v1/keys`."""
        wish: dict[str, Any] = {"name": name, "org": self.org}
        budget = {name: getattr(self, name) for name in _BUDGET if getattr(self, name) is not None}
        limits = {name: getattr(self, name) for name in _LIMITS if getattr(self, name) is not None}
        optional = {
            "budget": budget,
            "limits": limits,
            "user": self.user,
            "team": self.team,
            "models": list(self.models),
            "features": list(self.features),
        }
        wish.update({field: value for field, value in optional.items() if value})
        if self.expires is not None:
            wish["expires_at"] = _moment(self.expires)
        return wish


def create(
    name: str, *, rights: Annotated[Rights, Parameter(name="*")] | None = None, place: Here | None = None
) -> int:
    """Make a virtual key. It is shown this once.

    Example: headworks keys create laptop --org acme --models fast --models haiku --expires 30d

    Args:
        name: What people call it.
        rights: What it may do.
        place: Where to act.
    """
    place = place or Place()
    with _keys(place) as keys:
        made = keys.create((rights or Rights()).wish(name))
    _show_made(made, place, f"Key {made['id']}, shown this once:")
    return 0


def list_keys(*, place: Here | None = None) -> int:
    """List the keys, without their secrets.

    Example: headworks keys list --config headworks.yaml

    Args:
        place: Where to act.
    """
    place = place or Place()
    with _keys(place) as keys:
        rows = keys.list()
    print(json_text(rows) if place.json else table(rows, _COLUMNS))
    return 0


def revoke(key_id: str, *, place: Here | None = None) -> int:
    """Make a key useless, at once.

    Example: headworks keys revoke 4fJ2kQ7x

    Args:
        key_id: Its id, as `headworks keys list` shows it.
        place: Where to act.
    """
    place = place or Place()
    with _keys(place) as keys:
        row = keys.revoke(key_id)
    print(json_text(row) if place.json else f"Key {key_id} is revoked.")
    return 0


def rotate(key_id: str, *, overlap: str = "1h", place: Here | None = None) -> int:
    """Replace a key; the old one goes on for a while.

    Example: headworks keys rotate 4fJ2kQ7x --overlap 24h

    Args:
        key_id: Its id, as `headworks keys list` shows it.
        overlap: How long the old key still works: 0s, 15m, 24h, 7d.
        place: Where to act.
    """
    place = place or Place()
    with _keys(place) as keys:
        made = keys.rotate(key_id, seconds(overlap))
    _show_made(made, place, f"Key {made['id']} replaces {key_id}, which works for {overlap} more. Shown this once:")
    return 0


@contextmanager
def _keys(place: Place) -> Iterator[KeyAccess]:
    admin = place.admin()
    if admin is not None:
        yield RemoteKeys(admin)
        return
    with StoredKeys.open(place.data_dir()) as keys:
        yield keys


def _show_made(made: Mapping[str, Any], place: Place, sentence: str) -> None:
    print(json_text(made) if place.json else f"{sentence}\n{made['key']}")


def _moment(text: str) -> str:
    """A time in RFC 3339, of a time or of a duration from now."""
    if text[-1:] in {"s", "m", "h", "d"}:
        return rfc3339(SystemClock().now() + seconds(text))
    try:
        moment = datetime.fromisoformat(text)
        return rfc3339((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise BadAskError(f"`{text}` is neither a time such as 2027-01-31T00:00:00Z nor a duration.") from error
