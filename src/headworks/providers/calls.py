"""The providers room: answers an ask by the models of its route, whatever happens on the way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headworks.core.messages import Ask, Route, Target
from headworks.core.protocols import OpenTrace
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

    @asynccontextmanager
    async def call(self, ask: Ask, route: Route, trace: OpenTrace) -> AsyncIterator[Reply]:
        """Open the reply of the first target that answers; end what is still under way on every way out.

        Raises:
            BadAskError: The ask cannot be put to any target of the route.
            ProviderError: Nobody answered, for all that the feature's policy allows.
        """
        ask.outlives_client = route.policy.disconnect == "finish"
        first = route.targets[0]
        if ask.kind == "count" and "count" not in first.capabilities:
            yield await self._counted_here(ask, first)
            return
        pursuer = Pursuer(self._tools, ask, route, trace)
        try:
            plan = Fresh(ask)
            attempt, held = await pursuer.begin(plan)
            yield Reply(
                target=attempt.choice.target,
                streamed=not attempt.whole,
                chunks=Answer(pursuer, plan, attempt, held),
                dropped=attempt.dropped,
                attempts=pursuer.course.calls,
            )
        finally:
            pursuer.close()

    async def _counted_here(self, ask: Ask, target: Target) -> Reply:
        tokens = await self._tools.count(target, ask)
        return Reply(
            target=target, streamed=False, chunks=_one(Chunk([TokensCounted(tokens, exact=False)])), attempts=0
        )


async def _one(chunk: Chunk) -> AsyncIterator[Chunk]:
    yield chunk
