"""What the house knows of a call, as a digest: worked out once for each route and group that shares answers."""

from collections import OrderedDict

from headworks.cache.key import ground
from headworks.core.caching import Caching
from headworks.core.messages import Ask, Route

_MEMO_ENTRIES = 4096


class Grounds:
    """The grounds of calls, remembered."""

    def __init__(self) -> None:
        self._memo: OrderedDict[tuple[int, tuple[str, ...]], tuple[Route, bytes]] = OrderedDict()

    def of(self, ask: Ask, route: Route, caching: Caching) -> bytes | None:
        """The ground of a call; None for one without an end user where users do not share answers."""
        scope = _scope(ask, caching)
        if scope is None:
            return None
        name = id(route), scope
        known = self._memo.get(name)
        if known is not None and known[0] is route:  # the memo keeps the route, so no other has its identity
            self._memo.move_to_end(name)
            return known[1]
        versions = route.versions
        made = ground(route, scope, (versions.prompt, versions.corpus, versions.safety))
        self._memo[name] = route, made
        if len(self._memo) > _MEMO_ENTRIES:
            self._memo.popitem(last=False)
        return made


def _scope(ask: Ask, caching: Caching) -> tuple[str, ...] | None:
    if caching.scope == "public":
        return ("public",)
    if caching.scope == "tenant":
        return ("tenant", ask.org_id or "")
    return ("user", ask.org_id or "", ask.user_id) if ask.user_id else None
