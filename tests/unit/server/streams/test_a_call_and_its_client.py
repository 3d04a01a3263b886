"""What becomes of a call whose client leaves, whose gateway stops, or whose provider fails, and what is kept of it."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from tests.unit.server.streams.conftest import KEY, rest

from headworks.budgets.holds.room import Free
from headworks.cache.room import CacheRoom
from headworks.core.errors import BadAskError, ProviderError
from headworks.core.messages import Caller, Route, Target
from headworks.core.replies import Chunk, Finished, Reply, TextDelta
from headworks.pipeline import Rooms
from headworks.server.calls import Desk, serve
from headworks.server.edge import DOORS

TARGET = Target(name="m", provider="p", provider_model="pm", dialect="openai")


def said(word, *, more=False):
    """One word of the model."""
    body = {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
    return Chunk([TextDelta(word)], b"data: " + json.dumps(body).encode() + b"\n\n", more=more)


END = [Chunk([Finished("stop")], b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')]


class Trace:
    """Satisfies `OpenTrace`; remembers how it was closed."""

    paces = ()

    def __init__(self):
        self.closed = []

    def routed(self, route): ...

    def watch(self, reply):
        return reply

    def close(self, error=None):
        self.closed.append(error)

    def facts(self):
        return {"trace_id": "t", "attempts": 1}


class Provider:
    """Says what the test tells it to."""

    def __init__(self, *, outlives):
        self.outlives = outlives
        self.says = asyncio.Queue()
        self.ended = False

    @asynccontextmanager
    async def call(self, hold, trace):
        hold.ask.outlives_client = self.outlives
        try:
            yield Reply(target=TARGET, streamed=True, chunks=self._chunks())
        finally:
            self.ended = True

    async def _chunks(self):
        while (chunk := await self.says.get()) is not None:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


class Unlimited:
    """Satisfies `Budgets`."""

    def hold(self, ask, caller, route, trace):
        return Free(ask, route)


class Open:
    """Nothing is off, and every ask is whole."""

    def release(self, ask, caller, route, trace):
        return ask, route

    def build(self, ask, route):
        return ask, route

    def guard(self, ask, caller, route, trace, way):
        return way(ask, caller, route, trace)


class House:
    """One desk, and the calls made at it."""

    def __init__(self, log, clock, *, outlives):
        self.provider, self.trace, self.log = Provider(outlives=outlives), Trace(), log
        self.sent, self.left, self.blocked = [], asyncio.Event(), None
        room = type(
            "Routing", (), {"plan": lambda _, ask, caller: Route(feature="f", query_type="x", targets=(TARGET,))}
        )
        self.desk = Desk(
            identity=type("Keys", (), {"caller": lambda _, key: Caller(key_id=KEY, key_name="k", org_id="o")})(),
            telemetry=type("Telemetry", (), {"open": lambda _, ask, caller, at: self.trace})(),
            rooms=Rooms(
                routing=room(),
                flags=Open(),
                prompts=Open(),
                cache=CacheRoom(None, {}),
                budgets=Unlimited(),
                providers=self.provider,
            ),
            streams=log,
            clock=clock,
            max_body_bytes=10_000,
            beat_s=60.0,
        )
        self.task = asyncio.ensure_future(self._serve())

    async def _serve(self):
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        asked = [{"type": "http.request", "body": json.dumps(body).encode()}]

        async def receive():
            if asked:
                return asked.pop()
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if self.blocked is not None:
                await self.blocked.wait()
            self.sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": []}
        await serve(self.desk, DOORS["/v1/chat/completions"], scope, receive, send)

    async def say(self, *chunks):
        """The provider says this, and all that follows from it happens."""
        for chunk in chunks:
            self.provider.says.put_nowait(chunk)
        await self.settle()

    async def settle(self):
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def body(self):
        """What was sent."""
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def trace_id(self):
        return dict(self.sent[0]["headers"])[b"x-request-id"].decode()


@pytest.fixture
def house(shelf):
    """Makes houses."""

    def make(*, outlives=False, **settings):
        return House(shelf.log(**settings), shelf.clock, outlives=outlives)

    return make


async def test_a_client_that_stays_is_sent_what_is_kept(house):
    made = house()
    await made.say(said("one"), said("two"), *END, None)
    await made.task
    assert made.body.startswith(b'id: 1\ndata: {"choices"')
    assert made.body.endswith(b"id: 4\ndata: [DONE]\n\n")
    assert await rest(made.log, made.trace_id) == made.body
    assert made.trace.closed == [None]


async def test_a_client_that_leaves_ends_the_call_and_what_was_said_is_kept(house):
    made = house()
    await made.say(said("one"))
    made.left.set()
    await made.task
    assert made.provider.ended
    assert isinstance(made.trace.closed[0], asyncio.CancelledError)
    kept = await rest(made.log, made.trace_id)
    assert kept.startswith(made.body)
    assert b"stream_interrupted" in kept
    assert b'"last_event_id":1}\nid: 2\n' in kept


async def test_a_call_that_outlives_its_client_is_finished_and_only_kept(house):
    made = house(outlives=True)
    await made.say(said("one"))
    made.left.set()
    await made.settle()
    before = made.body
    await made.say(said("two"), *END, None)
    await made.task
    assert made.body == before
    assert made.trace.closed == [None]
    kept = await rest(made.log, made.trace_id)
    assert kept.startswith(before)
    assert kept.endswith(b"id: 4\ndata: [DONE]\n\n")


async def test_nobody_outlives_a_log_that_is_off(house):
    made = house(outlives=True, keep_s=0)
    await made.say(said("one"))
    made.left.set()
    await made.task
    assert made.provider.ended
    assert isinstance(made.trace.closed[0], asyncio.CancelledError)


async def test_a_failure_after_the_client_has_left_is_kept_for_who_comes_back(house):
    made = house(outlives=True)
    await made.say(said("one"))
    made.left.set()
    await made.settle()
    await made.say(ProviderError("It broke.", code="stream_interrupted"))
    await made.task
    assert b"It broke." in await rest(made.log, made.trace_id)


async def test_what_was_read_before_a_failure_is_sent_before_it(house):
    made = house()
    await made.say(said("one"), said("two", more=True), ProviderError("It broke.", code="stream_interrupted"))
    await made.task
    assert b'"two"' in made.body
    token = json.loads(made.body.partition(b": headworks-resume ")[2].partition(b"\n")[0])
    assert token == {"trace_id": made.trace_id, "last_event_id": 2}
    assert made.body.rpartition(b"\nid: ")[2].startswith(b'3\ndata: {"error"')
    assert await rest(made.log, made.trace_id) == made.body


async def test_a_gateway_that_stops_says_so_to_the_client_and_to_who_comes_back(house):
    made = house()
    await made.say(said("one"))
    made.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await made.task
    assert b"shutting down" in made.body
    assert await rest(made.log, made.trace_id) == made.body


async def test_a_gateway_that_stops_cuts_answers_without_a_client_too(house):
    made = house(outlives=True)
    await made.say(said("one"))
    made.left.set()
    await made.settle()
    made.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await made.task
    assert b"shutting down" in await rest(made.log, made.trace_id)


async def test_what_waited_for_a_slow_client_when_the_gateway_stopped_is_sent_once(house):
    made = house()
    await made.say(said("one"))
    made.blocked = asyncio.Event()
    await made.say(said("two"))
    made.task.cancel()
    await made.settle()
    made.blocked.set()
    with pytest.raises(asyncio.CancelledError):
        await made.task
    assert made.body.count(b'"two"') == 1
    assert await rest(made.log, made.trace_id) == made.body


async def test_a_bug_ends_the_kept_stream_too(house):
    made = house()
    await made.say(said("one"), RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        await made.task
    assert b"stream_interrupted" in await rest(made.log, made.trace_id)


async def test_an_answer_that_is_refused_leaves_no_stream(house):
    made = house()
    made.provider.call = refuse
    await made.settle()
    await made.task
    assert made.sent[0]["status"] == 400
    assert made.log._memory.streams == {}


@asynccontextmanager
async def refuse(hold, trace):
    """A provider room that takes nothing."""
    raise BadAskError("No.")
    yield
