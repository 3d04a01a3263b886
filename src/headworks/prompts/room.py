"""The room that a call goes through: from a prompt's name and variables to a whole request.

A body with neither `variables` nor `prompt: {...}` is left as it is. What comes back is an ask as a client could have
sent it, so that no later room knows the difference, and a route that says which version it was built from.
"""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from headworks.core.errors import BadAskError, HeadworksError
from headworks.core.messages import Ask, Route
from headworks.prompts.names import Reference, checked_name, parted
from headworks.prompts.record import Spec
from headworks.prompts.registry.registry import Ready, Registry
from headworks.prompts.sending import SENDERS, Towards
from headworks.prompts.templates import Message

USUAL_LABEL = "production"
_KINDS = frozenset(["chat", "count"])


class _Wish(Struct, forbid_unknown_fields=True):
    """The field `prompt` of a body."""

    name: str | None = None
    version: Annotated[int, Meta(ge=1)] | None = None
    label: str | None = None
    variables: dict[str, Any] | None = None


class Rendered(Struct, frozen=True, kw_only=True):
    """A prompt with its variables put in."""

    version: str
    spec: Spec
    messages: list[Message]


_WISH = msgspec.json.Decoder(_Wish)
_VARIABLES = msgspec.json.Decoder(dict[str, Any] | None)


class Prompts:
    """Builds asks from prompts.

    Args:
        registry: Where the prompts are.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def build(self, ask: Ask, route: Route) -> tuple[Ask, Route]:
        """The ask with the prompt in it, and the route with the prompt's `name@version` among its versions.

        Both are returned as they are when the body names no prompt and has no variables.

        Raises:
            BadAskError: `unknown_prompt`, `unknown_label` or `unknown_version` (404); a variable that does not fit, or
                a field that the client's dialect cannot say (400), by name.
            StoreError: The board cannot be read.
        """
        fields = ask.fields
        if ("variables" not in fields and "prompt" not in fields) or ask.kind not in _KINDS:
            return ask, route
        said = fields.get("prompt")
        if said is not None and bytes(memoryview(said)[:1]) != b"{":
            if "variables" not in fields:
                return ask, route  # no prompt of ours: some server's own field
            raise BadAskError("`prompt`: expected an object with `name` and `variables`.", param="prompt")
        name, reference, variables = _wanted(fields, route)
        rendered = render(self._registry.ready(name, reference), variables)
        return _with(ask, rendered, route), _noted(route, rendered.version)

    def named(self, name: str, reference: Reference | None, variables: Mapping[str, Any]) -> Rendered:
        """A prompt by name, rendered; without a reference, that under its label `production`.

        Raises:
            BadAskError: As `build`.
            StoreError: The board cannot be read.
        """
        return render(self._registry.ready(checked_name(name), reference or USUAL_LABEL), variables)


def complaint(registry: Registry, text: str) -> str | None:
    """Why there is no such prompt (`name`, `name@label` or `name@7`), as a sentence; None when there is one."""
    try:
        name, reference = parted(text)
        registry.ready(name, reference or USUAL_LABEL)
    except HeadworksError as error:
        return error.message
    return None


def _wanted(fields: Mapping[str, Raw], route: Route) -> tuple[str, Reference, dict[str, Any]]:
    """Which prompt, which version of it, and its variables. The route's prompt, without a label, means `production`."""
    wish = read_wish(fields["prompt"]) if "prompt" in fields else _Wish()
    if wish.variables is not None and "variables" in fields:
        raise BadAskError("Send `variables` or `prompt.variables`, not both.", param="variables")
    variables = wish.variables if "variables" not in fields else _read_variables(fields["variables"])
    own = None if route.prompt is None else parted(route.prompt)
    if wish.name is None and own is None:
        raise BadAskError(
            f"The feature `{route.feature}` has no prompt to put variables into; name one: "
            '`"prompt": {"name": ..., "variables": {...}}`.',
            code="unknown_prompt",
            param="prompt",
        )
    name, usual = own if wish.name is None and own is not None else (checked_name(wish.name or ""), None)
    return name, wish.version or wish.label or usual or USUAL_LABEL, variables or {}


def render(ready: Ready, variables: Mapping[str, Any]) -> Rendered:
    """A version with values put in.

    Raises:
        BadAskError: A variable does not fit.
    """
    return Rendered(version=ready.version.title, spec=ready.compiled.spec, messages=ready.compiled.messages(variables))


def read_wish(raw: Raw) -> _Wish:
    """The field `prompt`.

    Raises:
        BadAskError: It has another shape.
    """
    try:
        wish = _WISH.decode(raw)
    except msgspec.ValidationError as error:
        raise BadAskError(f"`prompt`: {error}.", param="prompt") from error
    if wish.version is not None and wish.label is not None:
        raise BadAskError("`prompt`: give `version` or `label`, not both.", param="prompt")
    return wish


def _read_variables(raw: Raw) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] | None = _VARIABLES.decode(raw)
    except msgspec.ValidationError as error:
        raise BadAskError("`variables`: expected an object, with a value for each name.", param="variables") from error
    return found


def _with(ask: Ask, rendered: Rendered, route: Route) -> Ask:
    sender = SENDERS[ask.dialect]
    towards = Towards(ask.kind, route.targets[0] if route.targets else None)
    given = {name: raw for name, raw in ask.fields.items() if name not in ("variables", "prompt")}
    fields = sender.fields(given, rendered.messages, rendered.spec, towards)
    return msgspec.structs.replace(ask, fields=fields, read_prompt=partial(sender.read, fields), _prompt=None)


def _noted(route: Route, version: str) -> Route:
    versions = msgspec.structs.replace(route.versions, prompt=version)
    return msgspec.structs.replace(route, versions=versions)
