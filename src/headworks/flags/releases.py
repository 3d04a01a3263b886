"""Which release of its feature a call is answered with, where an experiment splits the users or one was promoted."""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from msgspec.structs import replace

from headworks.core.messages import OURSELVES, Ask, Caller, Route
from headworks.core.protocols import OpenTrace, Routing
from headworks.flags.experiments import Assignments, Release

EXPLICIT = "explicit"
"""Query type of a call that names its model: that is always obeyed."""


class Editor(Protocol):
    """Of a client dialect, as far as releases need it."""

    def defaulted(self, ask: Ask, fields: Mapping[str, bytes]) -> Ask:
        """`ask` with fields that it does not say itself."""


class Releases:
    """One for each config.

    Args:
        assignments: Who belongs to which variant.
        routing: Plans the route of a release's model.
        editors: By client dialect.
    """

    def __init__(self, assignments: Assignments, routing: Routing, editors: Mapping[str, Editor]) -> None:
        self._assignments = assignments
        self._routing = routing
        self._editors = editors

    def of(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> tuple[Ask, Route]:
        """The ask and its route as the release of its user has them; both as they are where there is none.

        Raises:
            RefusedError: The caller's key does not cover the release's model.
        """
        if caller.key_id == OURSELVES:  # nobody's user
            return ask, route
        user = ask.user_id or caller.user_id
        found = self._assignments.of(route.feature, user, ask.session_id, caller.key_id)
        if found is None:
            return ask, route
        if found.label is not None:
            trace.tried(found.label)
        return self._defaulted(ask, found.release), self._routed(ask, caller, route, found.release)

    def _routed(self, ask: Ask, caller: Caller, route: Route, release: Release) -> Route:
        if release.model is not None and route.query_type != EXPLICIT:
            named = replace(ask, model=release.model, feature=route.feature)
            route = replace(route, targets=self._routing.plan(named, caller).targets)
        return route if release.prompt is None else replace(route, prompt=release.prompt)

    def _defaulted(self, ask: Ask, release: Release) -> Ask:
        if not release.parameters or ask.kind not in ("chat", "completion"):
            return ask
        fields = {name: msgspec.json.encode(value) for name, value in release.parameters.items()}
        return self._editors[ask.dialect].defaulted(ask, fields)
