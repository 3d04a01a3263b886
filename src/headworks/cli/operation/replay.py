"""`headworks replay`: a recorded call made again, and what is different."""

from difflib import unified_diff
from typing import Any

from headworks.cli.access.place import Here, Place
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError

_SAME = "It said the same, to the letter."


def replay(trace: str, *, model: str | None = None, prompt: str | None = None, place: Here | None = None) -> int:
    """Make a recorded call again, and show what is different. It is paid for.

    Example: headworks replay 01a20fa8a891734db42328c42a366859 --url http://127.0.0.1:8080

    Example: headworks replay 01a20fa8a891734db42328c42a366859 --prompt support-bot@8 --url http://127.0.0.1:8080

    Args:
        trace: Its id; the feature has to keep bodies (`capture: bodies`).
        model: With this model of the config, instead of the one that answered.
        prompt: With this version of a prompt, instead of the one of then.
        place: A running gateway makes it: give --url.
    """
    place = place or Place()
    admin = place.admin()
    if admin is None:
        raise BadAskError("A running gateway makes the call: give its address by --url.")
    found = admin.post("traces", trace, "replay", body={"model": model, "prompt": prompt})
    print(json_text(found) if place.json else "\n".join(_told(found)))
    return 0


def _told(found: dict[str, Any]) -> list[str]:
    before, after = found["before"], found["after"]
    rows = [{"": name, "then": before[name], "now": after[name]} for name in before]
    lines = [table(rows, ("", "then", "now")), ""]
    if found["said_before"] is None:
        lines += ["What it said then is not on record. Now:", "", *_printable(found["said_now"])]
    elif found["said_before"] == found["said_now"]:
        lines.append(_SAME)
    else:
        then, now = _printable(found["said_before"]), _printable(found["said_now"])
        lines += list(unified_diff(then, now, "then", "now", lineterm=""))
    return [*lines, "", f"On record as {found['trace_id']}."]


def _printable(text: str) -> list[str]:
    """Lines that a terminal does not obey."""
    return ["".join(one if one.isprintable() else "?" for one in line) for line in text.splitlines()]
