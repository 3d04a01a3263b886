"""`headworks flags kill` and its like: switch things off and on again, at once and everywhere."""

from typing import Annotated

from cyclopts import Parameter

from headworks.cli.access.place import Here, Place, seconds
from headworks.cli.flags.switching import RemoteSwitches, StoredSwitches, SwitchAccess
from headworks.cli.output import json_text, table
from headworks.flags.switches import SwitchWish

_OFF = ("kind", "name", "since", "until", "who", "why")
_FLIPS = ("at", "done", "kind", "name", "until", "who", "why")


def kill(
    kind: str,
    name: str = "",
    *,
    why: str,
    for_: Annotated[str | None, Parameter(name="--for")] = None,
    now: Annotated[bool, Parameter(negative=())] = False,
    place: Here | None = None,
) -> int:
    """Switch something off, in every worker and node within a second.

    Example: headworks flags kill feature support-bot --for 2h --why "answers in the wrong language"

    Example: headworks flags kill all --now --why "wrong invoices" --url http://127.0.0.1:8080

    Args:
        kind: all, feature, model, provider, prompt, tool, org, user, cache, retrieval or safety.
        name: Which one; for all, cache and retrieval it may be left out.
        why: In words, for whoever finds it off.
        for_: After so long it ends by itself: 90s, 15m, 2h, 7d.
        now: Also end answers that are being written.
        place: Where to act.
    """
    place = place or Place()
    for_s = None if for_ is None else float(seconds(for_))
    made = _switches(place).kill(SwitchWish(kind=kind, name=name, why=why, for_s=for_s, now=now))
    until = f", until {made['until']}" if made["until"] else ""
    if place.json:
        print(json_text(made))
    else:
        print(f"{made['kind']} {made['name']} is off{until}.")
        if made.get("remark"):
            print(f"But: {made['remark']}")
    return 0


def revive(kind: str, name: str = "all", *, why: str = "", place: Here | None = None) -> int:
    """Switch something on again.

    Example: headworks flags revive feature support-bot --why "fixed by prompt 8"

    Args:
        kind: As it was switched off.
        name: As it was switched off.
        why: In words.
        place: Where to act.
    """
    place = place or Place()
    _switches(place).revive(kind, name, why)
    print(json_text({"kind": kind, "name": name, "on": True}) if place.json else f"{kind} {name} is on again.")
    return 0


def switches(*, place: Here | None = None) -> int:
    """List what is off now.

    Example: headworks flags switches

    Args:
        place: Where to look.
    """
    place = place or Place()
    rows = _switches(place).standing()
    if place.json:
        print(json_text(rows))
    else:
        print(table(rows, _OFF) if rows else "Nothing is switched off.")
    return 0


def log(*, limit: int = 50, place: Here | None = None) -> int:
    """List every flip of a switch: who, when and why.

    Example: headworks flags log --limit 20

    Args:
        limit: At most so many, the newest first.
        place: Where to look.
    """
    place = place or Place()
    rows = _switches(place).log(limit)
    if place.json:
        print(json_text(rows))
    else:
        print(table(rows, _FLIPS) if rows else "Nothing was ever switched off.")
    return 0


def _switches(place: Place) -> SwitchAccess:
    admin = place.admin()
    return StoredSwitches(place.read()) if admin is None else RemoteSwitches(admin)
