"""A word of warning about a switch that may have been meant for something else: a slip at night must not go unseen."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

_SECTIONS = {"feature": "features", "model": "models", "provider": "providers"}
_ALWAYS = {"feature": ("default",)}


def remark(kind: str, name: str, config: Mapping[str, Any]) -> str | None:
    """What to say of a switch whose name the config does not have; None where it does, or cannot tell.

    Args:
        kind: Of the switch.
        name: Of what is off.
        config: As plain values. One without `models` serves names that it does not list.
    """
    section = _SECTIONS.get(kind)
    known = None if section is None else config.get(section)
    if known is None and kind != "feature":
        return None
    names = [*(known or {}), *_ALWAYS.get(kind, ())]
    if kind == "model":
        names += [model["model"] for model in (known or {}).values() if "model" in model]
    if name in names:
        return None
    close = get_close_matches(name, names, n=1)
    meant = f" Did you mean `{close[0]}`?" if close else ""
    return f"The config has no {kind} `{name}`.{meant}"
