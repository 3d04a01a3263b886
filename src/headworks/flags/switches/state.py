"""What is off at one moment, made anew at each change, and the route that is left of one."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from headworks.core.caching import Caching
from headworks.core.errors import RefusedError
from headworks.core.messages import Ask, Caller, Route, Target

SwitchKind = Literal[
    "all", "feature", "model", "provider", "prompt", "tool", "org", "user", "cache", "retrieval", "safety"
]
KINDS: Mapping[str, SwitchKind] = {kind: kind for kind in get_args(SwitchKind)}
NOT_CACHED = Caching(exact=False, joined=False, prefix=False)
_WORDS: Mapping[str, str] = {
    "all": "Everything behind this gateway",
    "feature": "The feature `{}`",
    "model": "The model `{}`",
    "provider": "The provider `{}`",
    "prompt": "The prompt `{}`",
    "tool": "The tool `{}`",
    "org": "The organisation `{}`",
    "user": "The user `{}`",
}


class Off(Struct, frozen=True):
    """One thing that is off: until when (infinity for no end) and whether running calls end, too."""

    kind: SwitchKind
    name: str
    until_s: float = math.inf
    now: bool = False


class State:
    """What is off. Not changed after it is made.

    Args:
        off: Everything.
    """

    def __init__(self, off: Iterable[Off]) -> None:
        self._off: dict[SwitchKind, dict[str, Off]] = {}
        self.until_s = math.inf
        """When the first of them ends."""
        for one in off:
            self._off.setdefault(one.kind, {})[one.name] = one
            self.until_s = min(self.until_s, one.until_s)

    def has(self, kind: SwitchKind, *names: str) -> bool:
        """Whether one of these is off."""
        of_kind = self._off.get(kind)
        return of_kind is not None and any(name in of_kind for name in names)

    def says_no(self, ask: Ask, caller: Caller, route: Route) -> Off | None:
        """What of the call is off as a whole; None when it may go on."""
        subjects: list[tuple[SwitchKind, str | None]] = [
            ("all", "all"),
            ("org", caller.org_id),
            ("user", ask.user_id or caller.user_id),
            ("feature", route.feature),
        ]
        for kind, name in subjects:
            of_kind = self._off.get(kind)
            if of_kind is not None and name in of_kind:
                return of_kind[name]
        return self._prompt(route) or self._tool(ask)

    def left_of(self, route: Route) -> Route:
        """The route without the models and providers that are off, and without the cache where that is off.

        Raises:
            RefusedError: `feature_disabled`: nothing is left.
        """
        models, providers = self._off.get("model", {}), self._off.get("provider", {})
        if models or providers:
            off = [self._target(target) for target in route.targets]
            left = tuple(target for target, why in zip(route.targets, off, strict=True) if why is None)
            if not left and off[0] is not None:
                raise SwitchedOffError(off[0])
            if len(left) < len(route.targets):
                route = replace(route, targets=left)
        if self.has("cache", "all", route.feature):
            route = replace(route, caching=NOT_CACHED)
        return route

    def ends(self, ask: Ask, caller: Caller, route: Route, target: Target) -> Off | None:
        """What of a running call, which `target` answers, is off with `now`, so that it ends."""
        off = self.says_no(ask, caller, route) or self._target(target)
        return off if off is not None and off.now else None

    def _target(self, target: Target) -> Off | None:
        """A model is off under its name here, and under its provider's name for it."""
        models = self._off.get("model", {})
        off = models.get(target.name) or models.get(target.provider_model)
        return off or self._off.get("provider", {}).get(target.provider)

    def _prompt(self, route: Route) -> Off | None:
        prompts = self._off.get("prompt")
        version = route.versions.prompt
        if prompts is None or not version:
            return None
        return prompts.get(version) or prompts.get(version.rpartition("@")[0])

    def _tool(self, ask: Ask) -> Off | None:
        tools = self._off.get("tool")
        if tools is None or ask.kind != "chat":
            return None
        return next((tools[tool.name] for tool in ask.prompt.tools if tool.name in tools), None)


class SwitchedOffError(RefusedError):
    """Something of a call is off.

    Attributes:
        as_a_whole: The call is not to be made at all; False where only the models that it could ask are off.
    """

    def __init__(self, off: Off) -> None:
        # What is off, never why: that is the operators' own word.
        super().__init__(
            f"{_WORDS[off.kind].format(off.name)} is switched off for now.", code="feature_disabled", status=403
        )
        self.as_a_whole = off.kind not in ("model", "provider")
