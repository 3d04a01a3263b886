"""The cache room: where an ask is looked up, and its answer kept.

The order: what was answered before (memory, disk), then a call that is under way, then the shared store, then a
question that means the same. Whoever finds nothing leads: its answer is shared with those who ask meanwhile, and kept.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from headworks.cache.admission import Admission, Barred, Outlook, unwanted
from headworks.cache.looking import NOTHING, Kit, Looking
from headworks.core.caching import ON_REQUEST
from headworks.core.messages import Ask, Caller, Route
from headworks.core.protocols import Lookup, OpenTrace


class CacheRoom:
    """Satisfies `core.protocols.Cache`.

    Args:
        kit: What it is made of.
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
    """

    def __init__(self, kit: Kit, plain: Mapping[str, Callable[[Ask], bool]]) -> None:
        self.kit = kit
        self._admission = Admission(plain)
        self._mark = 0

    def look_up(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> Lookup:
        """A call's lookup: enter it to see whether it has an answer."""
        caching = route.caching
        if (caching is ON_REQUEST and ask.cache is None) or unwanted(caching, ask.cache) is not None:
            return NOTHING
        mark = self.kit.store.mark()
        if mark != self._mark:  # something was invalidated: its words are to be gone from here, too
            self._mark = mark
            self._admission.forget()
        key = self._admission.key(ask, route)
        if isinstance(key, Barred):
            self.kit.counts.passed += 1
            return NOTHING
        return Looking(self.kit, ask, caller, route, trace, key)

    async def disliked(self, trace_id: str) -> None:
        """A user says that the answer of this call was wrong: it is not given again.

        Raises:
            StoreError: Other workers cannot be told.
        """
        kit = self.kit
        key = kit.recent.take(trace_id)
        if kit.similar is not None:
            kit.similar.feedback(trace_id, wrong=True)
        if key is not None:
            kit.counts.disliked += 1
            await kit.store.remove(key)
            if kit.shared is not None:
                await kit.shared.remove(key)

    def outlook(self, ask: Ask, route: Route) -> Outlook:
        """What would be done with a call now, and the age of its answer where this node has one."""
        outlook = self._admission.outlook(ask, route)
        if outlook.key is None:
            return outlook
        entry = self.kit.store.get(outlook.key.exact)
        found = {
            "entry_age_s": None if entry is None else round(max(0.0, self.kit.clock.now() - entry.created_s), 3),
            "under_way": outlook.key.exact in self.kit.flights,
        }
        return replace(outlook, details=outlook.details | found)
