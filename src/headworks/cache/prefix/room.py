"""Knows the prefixes of calls. Satisfies `core.prefix.Prefixes`."""

from collections.abc import Callable, Mapping

import msgspec

from headworks.cache.prefix.known import Known
from headworks.cache.prefix.memory import empty
from headworks.core.clock import Clock
from headworks.core.messages import Ask, Prices, Route, Target
from headworks.core.prefix import Prefix
from headworks.dialects.sections import Sections

LEAST_BYTES = 4_096
"""A prompt of fewer bytes is kept by nobody: 1,024 tokens of four bytes each."""
_NONE = b""


class PrefixMemory:
    """The prefixes of one process's calls.

    Args:
        readers: How to read the sections of a chat, by the client's dialect.
        prices: The prices in force for a target; None when nobody knows.
        clock: Source of time.
    """

    def __init__(
        self,
        readers: Mapping[str, Callable[[Ask], Sections]],
        prices: Callable[[Target], Prices | None],
        clock: Clock,
    ) -> None:
        self._readers = readers
        self._memory = empty(clock, prices)

    def of(self, ask: Ask, route: Route) -> Prefix | None:
        """The prefix of a call; None for one that is too short, or no chat."""
        fields = ask.fields
        messages = fields.get("messages", _NONE)
        # The three are looked at one by one, for nearly all that is sent is decided by the first.
        if len(messages) < LEAST_BYTES:
            beside = len(fields.get("tools", _NONE)) + len(fields.get("system", _NONE))
            if len(messages) + beside < LEAST_BYTES:
                return None
        if ask.kind != "chat":
            return None
        try:
            return Known(self._memory, ask, route.feature, self._readers[ask.dialect](ask))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None  # words that only the provider knows: it is sent them as they are

    def metrics(self) -> bytes:
        """What Prometheus sees of what providers keep under names."""
        return self._memory.contents.counts.text()

    async def settled(self) -> None:
        """Wait until nothing is being made in the background."""
        await self._memory.contents.settled()

    async def stop(self) -> None:
        """End what is being made in the background."""
        await self._memory.contents.stop()
