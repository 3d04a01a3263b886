"""A game day's faults as they meet one attempt: in the place of the call, before its first byte, or in its stream."""

import asyncio
from collections import deque

from headworks.core.clock import seconds_text
from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.core.replies import Chunk
from headworks.providers.faults import SLOW_S, Fault, GameDay, failure
from headworks.providers.pursuit.streamed import StreamedReply
from headworks.providers.pursuit.tools import Choice


class Strike:
    """A fault that is to come in the stream: which, and after how many pieces."""

    def __init__(self, fault: Fault, after: int) -> None:
        self.fault = fault
        self.after = after


async def struck_at_once(game_day: GameDay, choice: Choice, patience: Patience) -> Strike | None:
    """Let the fault that strikes this call, if there is one, do so; or say what is to come in its stream.

    Raises:
        ProviderError: What a provider with that fault makes of the call.
    """
    fault = game_day.find(choice.target, choice.admission.lane.key)
    if fault is None:
        return None
    if error := failure(fault):
        raise error
    if fault.fault != "slow-first-byte":
        return Strike(fault, game_day.strike_after())
    await asyncio.sleep(min(SLOW_S, patience.first_byte_s))
    if patience.first_byte_s <= SLOW_S:
        raise _silent(fault, patience.first_byte_s)
    return None


class Struck:
    """A stream that breaks off or stalls.

    Args:
        stream: The provider's own.
        strike: What happens to it, and when.
        patience: How long a stall is waited for.

    Attributes:
        events: Always empty: each chunk is waited for.
    """

    def __init__(self, stream: StreamedReply, strike: Strike, patience: Patience) -> None:
        self._stream = stream
        self._fault = strike.fault
        self._left = strike.after
        self._idle_s = patience.idle_s
        self.events: deque[bytes] = deque()

    def take(self) -> Chunk | None:
        """Never asked for: there are no `events`."""
        return None

    async def next(self) -> Chunk | None:
        """As of the stream, until the fault strikes.

        Raises:
            ProviderError: The fault, or one of the provider's own.
        """
        self._left -= 1
        if self._left > 0:
            return await self._stream.next()
        if self._fault.fault == "stalled-streams":
            await asyncio.sleep(self._idle_s)
            raise _silent(self._fault, self._idle_s)
        raise ProviderError(
            f"The connection to provider `{self._fault.provider}` failed: it was closed in the middle of the answer "
            "(a game day's fault).",
            code="stream_interrupted",
        )


def _silent(fault: Fault, seconds: float) -> ProviderError:
    return ProviderError(
        f"Provider `{fault.provider}` was silent for {seconds_text(seconds)} (a game day's fault).",
        code="provider_timeout",
        status=504,
    )
