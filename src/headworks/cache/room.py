"""The cache room: where an ask is looked up, and its answer kept.

The order: what was answered before (memory, disk), then a call that is under way, then the shared store, then a
question that means the same. Whoever finds nothing leads: its answer is shared with those who ask meanwhile, and kept.
"""

from collections.abc import Callable, Mapping

from headworks.cache.grounds import Grounds
from headworks.cache.key import HOSTED, Reader, Reading, key_of
from headworks.cache.looking import NOTHING, Kit, Looking
from headworks.core.caching import ON_REQUEST, Caching
from headworks.core.messages import Ask, Caller, Route
from headworks.core.protocols import Lookup, OpenTrace

_KINDS = frozenset({"chat", "completion", "embedding"})


class CacheRoom:
    """Satisfies `core.protocols.Cache`.

    Args:
        kit: What it is made of.
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
    """

    def __init__(self, kit: Kit, plain: Mapping[str, Callable[[Ask], bool]]) -> None:
        self.kit = kit
        self._reader = Reader(plain)
        self._grounds = Grounds()

    def look_up(self, ask: Ask, caller: Caller, route: Route, trace: OpenTrace) -> Lookup:
        """A call's lookup: enter it to see whether it has an answer."""
        caching = route.caching
        wish = ask.cache
        if wish == "off" or (caching is ON_REQUEST and wish is None) or not _wanted(caching, wish):
            return NOTHING
        reading = self._reader.read(ask) if ask.kind in _KINDS else None
        base = self._grounds.of(ask, route, caching)
        if reading is None or base is None or not _allowed(reading, caching):
            self.kit.counts.passed += 1
            return NOTHING
        return Looking(self.kit, ask, caller, route, trace, key_of(base, reading))


def _wanted(caching: Caching, wish: str | None) -> bool:
    return caching.exact is True or (caching.exact is None and wish in ("on", "refresh"))


def _allowed(reading: Reading, caching: Caching) -> bool:
    """Whether the feature lets such a call be answered from the cache."""
    if reading.temperature is not None and reading.temperature > caching.max_temperature:
        return False
    pure = caching.pure_tools
    return not reading.tools or ("*" in pure and HOSTED not in reading.tools) or reading.tools <= pure
