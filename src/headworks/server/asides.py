"""Calls of models that the gateway makes itself, beside those of its clients: on record, priced, and never cached."""

import msgspec
from msgspec.structs import replace

from headworks.core.clock import Clock
from headworks.core.ids import new_trace_id
from headworks.core.messages import OURSELVES, Ask, Caller
from headworks.core.protocols import Telemetry
from headworks.core.replies import Chunk, TextDelta
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.pipeline import Rooms, answer

TAG = "headworks"
"""Tag of their records: what they were made for."""


class Asides:
    """Makes such calls.

    Args:
        rooms: As of one config.
        telemetry: Keeps the records.
        clock: Source of time.
    """

    def __init__(self, rooms: Rooms, telemetry: Telemetry, clock: Clock) -> None:
        self._rooms = rooms
        self._telemetry = telemetry
        self._clock = clock

    async def again(self, ask: Ask, caller: Caller) -> list[Chunk]:
        """The model's answer to what a client asked.

        Raises:
            HeadworksError: There is none.
        """
        copy = replace(
            ask,
            trace_id=new_trace_id(self._clock.now()),
            cache="off",
            deadline_s=None,
            begin_by_s=None,
            tags={**ask.tags, TAG: "shadow"},
            followed=False,
        )
        return await self._answer(copy, caller)

    async def consult(self, model: str, turns: list[tuple[str, str]], max_tokens: int, org_id: str) -> str:
        """A model's answer to a question of the gateway's own.

        Args:
            model: Name of the config.
            turns: (role, words).
            max_tokens: Of the answer.
            org_id: For whom it is asked.

        Raises:
            HeadworksError: There is none.
        """
        now = self._clock.now()
        body = {
            "model": model,
            "messages": [{"role": role, "content": words} for role, words in turns],
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        envelope = Envelope(trace_id=new_trace_id(now), headers={}, created=int(now))
        ask = openai.CHAT.read(msgspec.json.encode(body), envelope)
        ask.org_id, ask.cache, ask.tags = org_id, "off", {TAG: "judge"}
        chunks = await self._answer(ask, Caller(key_id=OURSELVES, key_name=OURSELVES, org_id=org_id))
        return "".join(e.text for chunk in chunks for e in chunk.events if isinstance(e, TextDelta))

    async def told(self, ask: Ask, caller: Caller) -> tuple[list[Chunk], dict[str, object]]:
        """The model's answer to an ask, and what is known of the call.

        Raises:
            HeadworksError: There is none.
        """
        trace = self._telemetry.open(ask, caller, self._clock.monotonic())
        async with answer(self._rooms, ask, caller, trace) as reply:
            chunks = [chunk async for chunk in reply.chunks]
        return chunks, trace.facts()

    async def _answer(self, ask: Ask, caller: Caller) -> list[Chunk]:
        chunks, _ = await self.told(ask, caller)
        return chunks
