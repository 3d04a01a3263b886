"""A stream that has begun without a word is held back for ten seconds in all, whatever comes meanwhile."""

import asyncio
import json
from collections import deque

import msgspec
import pytest

from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.core.replies import Chunk, Started, TextDelta
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.providers.health import Admission, Lane
from headworks.providers.pursuit.attempt import HOLD_S, Attempt
from headworks.providers.pursuit.tools import Choice

OPENING = Chunk([Started("id", "m")])
PING = Chunk([])
WORD = Chunk([TextDelta("Hello")])


class Leaping(asyncio.SelectorEventLoop):
    """Time that passes only when everybody waits for it, and then at once."""

    now_s = 0.0

    def time(self):
        return self.now_s

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now_s = max(self.now_s, self._scheduled[0].when())
        super()._run_once()


class Stream:
    """Brings chunks, each after so many seconds."""

    def __init__(self, *chunks):
        self.events = deque()
        self._chunks = list(chunks)

    async def next(self):
        seconds, chunk = self._chunks.pop(0)
        await asyncio.sleep(seconds)
        return chunk


def held(bench, *chunks, patience=None, leaves_time=False):
    """What is held back of such a stream, and until when."""
    desk = bench("one")
    tools = msgspec.structs.replace(desk.tools, dialects={"openai": openai.DIALECT})
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    ask = openai.CHAT.read(json.dumps(body).encode(), Envelope(trace_id="0" * 32, headers={}, created=1))
    choice = Choice(0, desk.targets[0], tools.road(desk.targets[0]), Admission(Lane("one", "m0", 0)))
    attempt = Attempt(tools, ask, choice, Patience())
    attempt.patience = patience or attempt.usual
    attempt.leaves_time = leaves_time
    with asyncio.Runner(loop_factory=Leaping) as runner:
        chunks = runner.run(attempt._first_words(Stream(*chunks)))
        return chunks, runner.get_loop().time()


def test_a_first_word_ends_the_wait(bench):
    assert held(bench, (1, OPENING), (2, WORD)) == ([OPENING, WORD], 3)


def test_pings_do_not_prolong_it(bench):
    pings = [(4, PING)] * 10
    assert held(bench, (1, OPENING), *pings) == ([OPENING, PING, PING], 1 + HOLD_S)


def test_an_opening_may_take_as_long_as_the_provider_is_given(bench):
    assert held(bench, (24, OPENING), (1, WORD)) == ([OPENING, WORD], 25)


def test_a_call_that_is_short_of_time_waits_less_for_an_opening(bench):
    with pytest.raises(ProviderError) as late:
        held(bench, (24, OPENING), patience=Patience(first_byte_s=3))
    assert late.value.code == "provider_timeout"


def test_it_is_sent_its_opening_when_there_is_nobody_else(bench):
    assert held(bench, (1, OPENING), (24, WORD), patience=Patience(first_byte_s=3)) == ([OPENING], 3)


def test_it_turns_to_the_next_model_while_there_is_one(bench):
    with pytest.raises(ProviderError):
        held(bench, (1, OPENING), (24, WORD), patience=Patience(first_byte_s=3), leaves_time=True)
