"""What conditions may ask about, and where it stands in a context.

What the gateway knows has names of its own; what an application adds is `tag.NAME` or `context.NAME`. So a misspelt
name is an error, not a condition that never holds.
"""

from collections.abc import Callable, Mapping

from headworks.flags.evaluation.details import TARGETING_KEY, Context
from headworks.flags.evaluation.reading import Notes, Place

Getter = Callable[[Context], object]

KNOWN: Mapping[str, str] = {
    "org": "org",
    "team": "team",
    "user": "user",
    "end_user": "end_user",
    "feature": "feature",
    "model": "model",
    "key": "key",
    "key_name": "key_name",
    "targeting_key": TARGETING_KEY,
}
"""Attributes by name, and their names in the context."""

TAGS = "tags"
_LONGEST = 200


def read_attribute(raw: object, place: Place, notes: Notes) -> Getter | None:
    """What reads an attribute from a context; it gives None where the context has none.

    `context.a.b` is the entry `a.b` of the context, else the entry `b` of its mapping `a`.
    """
    text = notes.words(raw, place, _LONGEST)
    if text is None:
        return None
    entry = entry_of(text)
    if entry is not None:
        return lambda context: context.get(entry)
    space, dot, name = text.partition(".")
    if space == "tag" and name:
        return _inside(TAGS, name)
    if space == "context" and name and all(name.split(".")):
        return _path(name)
    if dot and space in {"tag", "context"}:
        notes.wrong(place, f"`{text}` names nothing; write `{space}.NAME`")
    else:
        notes.unknown(place, "attribute", text, (*KNOWN, "tag.NAME", "context.NAME"))
    return None


def entry_of(attribute: object) -> str | None:
    """The entry of a context that an attribute is, where it is one and no more."""
    if not isinstance(attribute, str):
        return None
    space, _, name = attribute.partition(".")
    plain = name if space == "context" and name and "." not in name else None
    return KNOWN.get(attribute, plain)


def _inside(outer: str, name: str) -> Getter:
    def get(context: Context) -> object:
        found = context.get(outer)
        return found.get(name) if isinstance(found, Mapping) else None

    return get


def _path(name: str) -> Getter:
    steps = name.split(".")

    def get(context: Context) -> object:
        if name in context:
            return context[name]
        found: object = context
        for step in steps:
            if not isinstance(found, Mapping):
                return None
            found = found.get(step)
        return found

    return get
