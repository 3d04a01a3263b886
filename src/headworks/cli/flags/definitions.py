"""`headworks flags list`, `show`, `set`, `delete` and `evaluate`: look at flags, change them, try them."""

from pathlib import Path
from typing import Any

import msgspec

from headworks.cli.access.place import Here, Place
from headworks.cli.flags.access import FlagAccess, RemoteFlagAccess, StoredFlagAccess
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError
from headworks.flags.evaluation.details import TARGETING_KEY

_COLUMNS = ("name", "type", "enabled", "default", "rules", "source", "version", "changed_at", "who")
_RESULT = ("value", "variant", "reason", "rule", "error_code", "error_message")


def list_flags(*, place: Here | None = None) -> int:
    """List the flags, of the config file and of the board.

    Example: headworks flags list

    Args:
        place: Where to look.
    """
    place = place or Place()
    found = _flags(place).listed()
    if place.json:
        print(json_text(found))
    elif found:
        print(table([_row(one) for one in found], _COLUMNS))
    else:
        print("There are no flags.")
    return 0


def show(name: str, *, place: Here | None = None) -> int:
    """Show one flag: its definition, and who changed it last.

    Example: headworks flags show new-ranking

    Args:
        name: The flag's.
        place: Where to look.
    """
    place = place or Place()
    found = _flags(place).one(name)
    if place.json:
        print(json_text(found))
        return 0
    print(table([_row(found)], _COLUMNS))
    for key in ("why", "fault"):
        if found.get(key):
            print(f"{key}: {found[key]}")
    print(msgspec.json.format(msgspec.json.encode(found["definition"]), indent=2).decode())
    return 0


def set_flag(
    name: str,
    definition: str | None = None,
    *,
    file: Path | None = None,
    why: str = "",
    expected: int | None = None,
    place: Here | None = None,
) -> int:
    """Put a flag up, or change it: in force in every worker and node within a second.

    Example: headworks flags set new-ranking --file new-ranking.json --why "ten percent"

    Args:
        name: The flag's.
        definition: JSON, as docs/flags.md describes it.
        file: Read the definition from this file instead.
        why: In words, kept with the change.
        expected: Only if this is the version that stands there; 0 for a flag that does not exist.
        place: Where to act.
    """
    place = place or Place()
    done = _flags(place).put(name, _json(_text(definition, file), "The definition"), why, expected)
    print(json_text(done) if place.json else f"Flag {name} is in force, version {done['version']}.")
    return 0


def delete(name: str, *, why: str = "", expected: int | None = None, place: Here | None = None) -> int:
    """Take a flag down. Whoever asks for it gets the default of its own code from then on.

    Example: headworks flags delete new-ranking --why "for everybody since June"

    Args:
        name: The flag's.
        why: In words, kept with the change.
        expected: Only if this is the version that stands there.
        place: Where to act.
    """
    place = place or Place()
    done = _flags(place).delete(name, why, expected)
    print(json_text(done) if place.json else f"Flag {name} is gone.")
    return 0


def evaluate(name: str, *, context: str = "{}", targeting_key: str | None = None, place: Here | None = None) -> int:
    """Say what a context gets of a flag, and why.

    Example: headworks flags evaluate new-ranking --targeting-key anna --context '{"org": "acme"}'

    Args:
        name: The flag's.
        context: JSON: org, end_user, feature, model, tags and whatever rules ask about.
        targeting_key: Whom splits are made by; the same as `targetingKey` in the context.
        place: Where to look.
    """
    place = place or Place()
    about = _json(context, "--context")
    if not isinstance(about, dict):
        raise BadAskError("--context should be a JSON object.")
    if targeting_key is not None:
        about[TARGETING_KEY] = targeting_key
    found = _flags(place).evaluate(name, about)
    if place.json:
        print(json_text(found))
    else:
        print(table([{**found, "value": json_text(found["value"])}], _RESULT))
    return 0


def _flags(place: Place) -> FlagAccess:
    admin = place.admin()
    return StoredFlagAccess(place.read()) if admin is None else RemoteFlagAccess(admin)


def _row(found: dict[str, Any]) -> dict[str, Any]:
    written = found["definition"] if isinstance(found["definition"], dict) else {}
    return {
        **found,
        "type": written.get("type"),
        "enabled": "unusable" if found.get("fault") else written.get("enabled", True),
        "default": written.get("default"),
        "rules": len(written.get("rules") or ()),
    }


def _text(definition: str | None, file: Path | None) -> str:
    if (definition is None) == (file is None):
        raise BadAskError("Give the definition, or --file, and not both.")
    if file is None:
        return definition or ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadAskError(f"{file} cannot be read as text.") from error


def _json(text: str, what: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadAskError(f"{what} is not JSON: {error}.") from error
