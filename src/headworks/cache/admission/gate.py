"""Lets calls in to the cache, or says why one is kept out: the same code decides and tells."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from headworks.cache.admission.grounds import Grounds
from headworks.cache.key import HOSTED, Key, Reader, Reading, key_of
from headworks.core.caching import Caching
from headworks.core.messages import Ask, Route

_KINDS = frozenset({"chat", "completion", "embedding"})
_SHOWN_DIGITS = 12


class Barred(Struct, frozen=True):
    """A call that may not be answered from the cache.

    Attributes:
        why: A clause for people.
    """

    why: str


class Outlook(Struct, frozen=True, kw_only=True):
    """What the cache would do with a call.

    Attributes:
        decision: A sentence for people.
        details: The facts behind it.
        key: Its key; None when it is not looked up.
    """

    decision: str
    details: dict[str, Any]
    key: Key | None = None


class Admission:
    """Lets calls in.

    Args:
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
    """

    def __init__(self, plain: Mapping[str, Callable[[Ask], bool]]) -> None:
        self._reader = Reader(plain)
        self._grounds = Grounds()

    def key(self, ask: Ask, route: Route) -> Key | Barred:
        """The key of a call that wants the cache, unless its feature keeps such calls out."""
        caching = route.caching
        reading = self._reader.read(ask) if ask.kind in _KINDS else None
        if reading is None:
            return Barred(f"no key can be made of such a {ask.kind} call")
        base = self._grounds.of(ask, route, caching)
        if base is None:
            return Barred("each end user has answers of his own here (`scope: user`), and the call names none")
        return _kept_out(reading, caching) or key_of(base, reading)

    def forget(self) -> None:
        """Let go of what was read before: it holds words of those who asked."""
        self._reader.forget()

    def outlook(self, ask: Ask, route: Route) -> Outlook:
        """What would be done with a call, without looking it up."""
        caching = route.caching
        details: dict[str, Any] = {"scope": caching.scope, "ttl_s": caching.ttl_s}
        why = unwanted(caching, ask.cache)
        if why is not None:
            return Outlook(decision=f"not looked up: {why}", details={})
        key = self.key(ask, route)
        if isinstance(key, Barred):
            return Outlook(decision=f"not looked up: {key.why}", details=details)
        details["key"] = key.exact.hex()[:_SHOWN_DIGITS]
        if ask.cache == "refresh":
            return Outlook(decision="not looked up: the call asks for a new answer, which is kept", details=details)
        return Outlook(decision=f"looked up: {', '.join(_ways(caching, key))}", details=details, key=key)


def unwanted(caching: Caching, wish: str | None) -> str | None:
    """Why neither the feature nor the call wants the cache; None where it is wanted."""
    if wish == "off":
        return "the call does not want it"
    if caching.exact is True:
        return None
    if caching.exact is False:
        return "the feature says `exact: off`"
    if wish in ("on", "refresh"):
        return None
    return "the feature does not ask for it, and the call does not say `x-headworks-cache: on`"


def _kept_out(reading: Reading, caching: Caching) -> Barred | None:
    """Why the feature does not let such a call be answered from the cache."""
    if reading.temperature is not None and reading.temperature > caching.max_temperature:
        return Barred(
            f"its temperature, {reading.temperature:g}, is above the feature's `max_temperature`, "
            f"{caching.max_temperature:g}"
        )
    pure = caching.pure_tools
    if not reading.tools or ("*" in pure and HOSTED not in reading.tools) or reading.tools <= pure:
        return None
    first = min(reading.tools - pure)
    if first == HOSTED:
        return Barred("it offers a tool that the provider runs, or that only its own dialect knows")
    return Barred(f"its tool `{first}` is not among the feature's `pure_tools`")


def _ways(caching: Caching, key: Key) -> list[str]:
    ways = ["exact"]
    if caching.joined:
        ways.append("joined")
    if caching.max_error is not None and key.partition is not None:
        ways.append(f"by meaning, with at most {caching.max_error:.2%} wrong")
    return ways
