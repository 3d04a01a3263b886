"""One kill switch, as people flip it and as it hangs on the board."""

import msgspec
from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.core.errors import BadAskError
from headworks.core.people.board import Entry
from headworks.flags.switches.state import KINDS, SwitchKind

BOARD_KIND = "switch"
ALL = "all"
LONGEST_S = 366 * 86_400.0


class SwitchWish(Struct, frozen=True, kw_only=True):
    """What somebody wants to be off.

    Attributes:
        kind: Of what: `all`, `feature`, `model`, `provider`, `prompt`, `tool`, `org`, `user`, `cache`, `retrieval`,
            `safety`.
        name: Which one; `all` for the kind `all`, and for every feature's cache or retrieval.
        why: In words.
        for_s: Seconds after which it ends by itself; None for never.
        now: Also end streams that are running.
    """

    kind: str
    name: str
    why: str
    for_s: float | None = None
    now: bool = False


class Kept(Struct, frozen=True, omit_defaults=True):
    """The value on the board."""

    until_s: float | None = None
    now: bool = False


class Switch(Struct, frozen=True, kw_only=True):
    """Something that is off.

    Attributes:
        kind: Of what.
        name: Which one.
        why: In somebody's words.
        who: Whose.
        since_s: When it was switched off, Unix seconds.
        until_s: When that ends by itself; None when it does not.
        now: Whether running streams were ended.
        version: Of the entry on the board.
    """

    kind: SwitchKind
    name: str
    why: str
    who: str
    since_s: float
    until_s: float | None
    now: bool
    version: int


def board_name(kind: str, name: str) -> str:
    """The name of the entry on the board."""
    return f"{kind}/{name}"


def read(entry: Entry) -> Switch | None:
    """The switch of an entry; None for one that a newer version of this program has written in other words."""
    kind, _, name = entry.name.partition("/")
    try:
        kept = msgspec.json.decode(entry.value or b"", type=Kept)
    except msgspec.DecodeError:
        return None
    if kind not in KINDS:
        return None
    return Switch(
        kind=KINDS[kind],
        name=name,
        why=entry.why,
        who=entry.who,
        since_s=entry.at_s,
        until_s=kept.until_s,
        now=kept.now,
        version=entry.version,
    )


def checked(wish: SwitchWish) -> SwitchWish:
    """The wish, its name filled in.

    Raises:
        BadAskError: A kind that there is not, no name, no reason, or a duration that is none (422).
    """
    if wish.kind not in KINDS:
        raise BadAskError(
            f"`{wish.kind}` is no kind of switch. There are: {', '.join(KINDS)}.", status=422, param="kind"
        )
    name = wish.name or (ALL if wish.kind in {"all", "cache", "retrieval"} else "")
    if not name or (wish.kind == "all" and name != ALL):
        raise BadAskError(f"Say which {wish.kind} is meant.", status=422, param="name")
    if not wish.why.strip():
        raise BadAskError("Say why: whoever is called at night will want to know.", status=422, param="why")
    if wish.for_s is not None and not 0 < wish.for_s <= LONGEST_S:
        raise BadAskError("A switch ends after more than nothing and at most a year.", status=422, param="for_s")
    return SwitchWish(kind=wish.kind, name=name, why=wish.why.strip(), for_s=wish.for_s, now=wish.now)


def told(entry: Entry) -> dict[str, object]:
    """One flip, for people."""
    kind, _, name = entry.name.partition("/")
    found = read(entry) if entry.value is not None else None
    until_s = None if found is None else found.until_s
    return {
        "at": rfc3339(entry.at_s),
        "kind": kind,
        "name": name,
        "done": "on" if entry.value is None else "off",
        "who": entry.who,
        "why": entry.why,
        "until": None if until_s is None else rfc3339(until_s),
        "now": found is not None and found.now,
    }
