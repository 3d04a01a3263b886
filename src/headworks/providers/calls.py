"""The providers room: answers an ask by the models of its route, whatever happens on the way."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from headworks.core.messages import Ask, Route
from headworks.core.protocols import Hold, OpenTrace
from headworks.core.replies import Chunk, Reply, TokensCounted
from headworks.providers.pursuit.answer import Answer
from headworks.providers.pursuit.plans import Fresh
from headworks.providers.pursuit.pursuer import Pursuer
from headworks.providers.pursuit.tools import Tools


class ProviderCalls:
    """Satisfies `core.protocols.Providers`.

    Args:
        tools: The links of one config, and what outlives it.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def call(self, hold: Hold, trace: OpenTrace) -> AbstractAsyncContextManager[Reply]:
        """The reply of the first target that answers; what is still under way when it is left is ended.

        Entering raises:
            BadAskError: The ask cannot be put to the first target of the route; others are passed over.
            ProviderError: Nobody answered, for all that the feature's policy allows.
        """
        ask, route = hold.ask, hold.route
        ask.outlives_client = route.policy.disconnect == "finish"
        if ask.kind == "count" and "count" not in route.targets[0].capabilities:
            return _CountedHere(self._tools, ask, route)
        return _Pursued(self._tools, hold, trace)


class _Pursued:
    """A call to providers. A class, not a generator: that costs half, and every call goes through here."""

    __slots__ = ("_plan", "_pursuer")

    def __init__(self, tools: Tools, hold: Hold, trace: OpenTrace) -> None:
        self._plan = Fresh(hold.ask)
        self._pursuer = Pursuer(tools, hold, trace)

    async def __aenter__(self) -> Reply:
        pursuer = self._pursuer
        begun = False
        try:
            attempt, held = await pursuer.begin(self._plan)
            begun = True
        finally:
            if not begun:  # nobody leaves what could not be entered
                pursuer.close()
        return Reply(
            target=attempt.choice.target,
            streamed=not attempt.whole,
            chunks=Answer(pursuer, self._plan, attempt, held),
            dropped=attempt.dropped,
        )

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pursuer.close()


class _CountedHere:
    """A count of tokens, for a provider that cannot count."""

    def __init__(self, tools: Tools, ask: Ask, route: Route) -> None:
        self._tools = tools
        self._ask = ask
        self._target = route.targets[0]

    async def __aenter__(self) -> Reply:
        tokens = await self._tools.count(self._target, self._ask)
        chunks = _one(Chunk([TokensCounted(tokens, exact=False)]))
        return Reply(target=self._target, streamed=False, chunks=chunks)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is under way."""


async def _one(chunk: Chunk) -> AsyncIterator[Chunk]:
    yield chunk
