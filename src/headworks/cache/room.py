"""The cache room: where an ask is looked up, and its answer kept.

The order: what was answered before (memory, disk), then a call that is under way, then the shared store, then a
question that means the same. Whoever finds nothing leads: its answer is shared with those who ask meanwhile, and kept.
"""

from collections.abc import Callable, Hashable, Mapping

from msgspec.structs import replace

from headworks.cache.admission import Admission, Barred, Outlook, unwanted
from headworks.cache.entries import forget_read
from headworks.cache.key import CARRIERS, Key
from headworks.cache.looking import NOTHING, Kit, Looking
from headworks.core.caching import ON_REQUEST
from headworks.core.messages import Ask, Caller, Route
from headworks.core.protocols import Lookup, OpenTrace

_MOST_KEYS, _LONGEST = 512, 8 * 1024


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
        self._keys: dict[Hashable, tuple[Route, Key]] = {}

    def look_up(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> Lookup:
        """A call's lookup: enter it to see whether it has an answer."""
        caching = route.caching
        if (caching is ON_REQUEST and ask.cache is None) or unwanted(caching, ask.cache) is not None:
            return NOTHING
        mark = self.kit.store.mark()
        if mark != self._mark:  # something was invalidated: its words are to be gone from here, too
            self._mark = mark
            self._admission.forget()
            self._keys.clear()
            self.kit.copies.forget()
            forget_read()
        key = self._key(ask, route)
        if isinstance(key, Barred):
            self.kit.counts.passed += 1
            return NOTHING
        return Looking(self.kit, ask, caller, route, trace, key)

    def _key(self, ask: Ask, route: Route) -> Key | Barred:
        """The key of a call; of one that was asked lately in the same words, as it was then."""
        said = _said(ask)
        if said is None:
            return self._admission.key(ask, route)
        name = ask.dialect, ask.kind, ask.org_id, ask.user_id, id(route), said
        known = self._keys.get(name)
        if known is not None:
            return known[1]
        key = self._admission.key(ask, route)
        # Only what is given again is worth it; and what was said must not have had to be put in plain form.
        if isinstance(key, Key) and key.exact in self.kit.copies and said == _said(ask):
            if len(self._keys) >= _MOST_KEYS:
                self._keys.clear()
            self._keys[name] = route, key  # with its route, so that no other has its identity
        return key

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


def _said(ask: Ask) -> Hashable | None:
    """What a call says that is part of its key, as sent; None when that is long."""
    said = tuple([(name, bytes(raw)) for name, raw in ask.fields.items() if name not in CARRIERS])
    return said if sum([len(raw) for _, raw in said]) <= _LONGEST else None
