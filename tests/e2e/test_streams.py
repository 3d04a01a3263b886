"""Answers that survive their connection: cut, gone on with, read along, after a restart, at a sibling; made once."""

import asyncio
import json
import os
import random
import re
import signal
import socket
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import anthropic
import httptools
import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from tests.e2e.conftest import CONFIG, Gateway
from tests.e2e.test_workers import workers

from headworks.telemetry import TraceStore
from headworks.testing import Recipe

HELLO = [{"role": "user", "content": "Hello there"}]
STAYS = """\
  stay: {model: gpt, disconnect: finish}
  stay-claude: {model: claude, disconnect: finish}
"""
SLOW = Recipe(tokens=40, tokens_per_second=40)


OPENED = []


class Wire:
    """One exchange on a connection of its own, which can be cut at any moment."""

    def __init__(self):
        self.status = 0
        self.headers = {}
        self.body = b""
        self.ended = False

    @classmethod
    async def open(cls, gateway, method, path, body=None, **headers):
        """Send a request; returns when the head of the answer is there."""
        place, self = urlsplit(gateway.url), cls()
        self.parser = httptools.HttpResponseParser(self)
        self.reader, self.writer = await asyncio.open_connection(place.hostname, place.port)
        OPENED.append(self.writer)
        payload = json.dumps(body).encode() if body else b""
        given = {"host": "x", "authorization": f"Bearer {gateway.key}", "content-length": len(payload)} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
        self.writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + payload)
        await self.until(lambda: self.status)
        return self

    def on_header(self, name, value):
        self.headers[name.decode()] = value.decode()

    def on_headers_complete(self):
        self.status = self.parser.get_status_code()

    def on_body(self, data):
        self.body += data

    def on_message_complete(self):
        self.ended = True

    async def until(self, condition, within_s=15.0):
        """Read until it holds."""
        async with asyncio.timeout(within_s):
            while not condition():
                data = await self.reader.read(65536)
                assert data, f"cut off: {self.body!r}"
                self.parser.feed_data(data)

    async def end(self):
        """Read to the end; everything that came."""
        await self.until(lambda: self.ended)
        return self.body

    def cut(self):
        """Lose the connection; the events that were whole, and the number of the last."""
        self.writer.transport.abort()
        whole = list(re.finditer(rb"id: (\d+)\n(?:[^\n]+\n)*\n", self.body))
        return self.body[: whole[-1].end()], int(whole[-1].group(1))

    @property
    def error(self):
        """The body as an error."""
        return json.loads(self.body)["error"]


async def asked(gateway, feature="stay", **more):
    """A stream in the OpenAI dialect."""
    body = {"model": f"feature/{feature}", "messages": HELLO, "stream": True} | more
    return await Wire.open(gateway, "POST", "/v1/chat/completions", body)


async def gone_on(gateway, trace_id, after=None, **headers):
    """A stream once more, behind an event."""
    given = headers if after is None else {"last_event_id": after} | headers
    return await Wire.open(gateway, "GET", f"/v1/streams/{trace_id}", **given)


def words(body):
    """The text that a stream says, in either dialect."""
    said = []
    for line in re.findall(rb"^data: (\{.*)$", body, re.MULTILINE):
        event = json.loads(line)
        said += [choice["delta"].get("content") or "" for choice in event.get("choices", ())]
        said.append(event.get("delta", {}).get("text", ""))
    return "".join(said)


def without_comments(body):
    """A stream's events; how often it was kept alive is chance."""
    return body.replace(b": keep-alive\n", b"")


def status(gateway, trace_id):
    """How a call is on record; None while it is not."""
    store = TraceStore(gateway.folder / "headworks-data")
    try:
        return (store.get(trace_id) or {}).get("status")
    finally:
        store.close()


@pytest.fixture(autouse=True)
async def nothing_left_open():
    """Connections are closed with the test."""
    yield
    while OPENED:
        writer = OPENED.pop()
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(scope="module")
def keeper(tmp_path_factory, fake_port):
    """A gateway with features whose answers are finished whoever reads them."""
    started = Gateway(tmp_path_factory.mktemp("keeper"), CONFIG.format(port=fake_port) + STAYS).start()
    yield started
    started.stop()


@pytest.fixture
def own_keeper(own_gateway):
    """One to kill."""
    own_gateway.config.write_text(own_gateway.config.read_text(encoding="utf-8") + STAYS, encoding="utf-8")
    return own_gateway


@pytest.mark.parametrize("feature", ["stay", "stay-claude"])
async def test_a_cut_stream_is_finished_and_the_rest_is_what_was_missing(keeper, fake, eventually, feature):
    fake.script([SLOW])
    first = await asked(keeper, feature)
    trace_id = first.headers["x-request-id"]
    await first.until(lambda: b"id: 9\n" in first.body)
    had, last = first.cut()
    rest = await gone_on(keeper, trace_id, last)
    assert (rest.status, rest.headers["x-headworks-resumed"]) == (200, str(last))
    assert rest.headers["content-type"] == first.headers["content-type"]
    assert rest.headers["x-request-id"] == rest.headers["request-id"] == trace_id
    assert rest.headers["x-headworks-model"] == first.headers["x-headworks-model"]
    body = without_comments(had + await rest.end())
    assert len(words(body).split()) == 40
    numbers = [int(number) for number in re.findall(rb"^id: (\d+)$", body, re.MULTILINE)]
    assert numbers == list(range(1, numbers[-1] + 1))
    assert body.endswith(b"data: [DONE]\n\n")
    assert json.loads(body.rpartition(b": headworks ")[2].partition(b"\n")[0])["completion_tokens"] == 40
    whole = await gone_on(keeper, trace_id)
    assert without_comments(await whole.end()) == body
    fake.expect(1)
    assert eventually(lambda: status(keeper, trace_id) == "ok")


async def test_several_read_along_while_the_answer_is_written(keeper, fake):
    fake.script([SLOW])
    first = await asked(keeper)
    await first.until(lambda: b"id: 3\n" in first.body)
    readers = [await gone_on(keeper, first.headers["x-request-id"], after) for after in (0, 1, 2, 3)]
    bodies = [without_comments(body) for body in await asyncio.gather(first.end(), *(one.end() for one in readers))]
    assert bodies[0] == bodies[1]
    assert [bodies[0].endswith(body) for body in bodies] == [True] * 5
    assert [body.split(b"\n")[0] for body in bodies] == [b"id: 1", b"id: 1", b"id: 2", b"id: 3", b"id: 4"]
    fake.expect(1)


async def test_a_cancelled_answer_ends_with_an_error_for_who_goes_on_with_it(keeper, fake, eventually):
    fake.script([SLOW])
    first = await asked(keeper, "default")
    trace_id = first.headers["x-request-id"]
    await first.until(lambda: b"id: 5\n" in first.body)
    had, last = first.cut()
    await fake.until(lambda: fake.calls[0].cancelled, within_s=1)
    rest = await (await gone_on(keeper, trace_id, last)).end()
    assert rest.count(b"stream_interrupted") == 1
    assert b"[DONE]" not in rest
    place = json.loads(re.search(rb"^: headworks-resume (.*)$", rest, re.MULTILINE).group(1))
    assert place["trace_id"] == trace_id
    assert rest.startswith(b"id: %d\n" % (last + 1)) or place["last_event_id"] == last
    assert 4 <= len(words(had + rest).split()) < 40
    assert eventually(lambda: status(keeper, trace_id) == "client_gone")


async def test_the_openai_sdk_survives_a_lost_connection(keeper, fake):
    fake.script([SLOW])
    async with openai.AsyncOpenAI(base_url=f"{keeper.url}/v1", api_key=keeper.key, max_retries=0) as client:
        raw = await client.chat.completions.with_raw_response.create(model="feature/stay", messages=HELLO, stream=True)
        chunks, stream = [], raw.parse()
        async for chunk in stream:
            chunks.append(chunk)
            if len(chunks) == 12:
                break
        await stream.close()
        rest = await client.get(
            f"/streams/{raw.headers['x-request-id']}",
            options={"headers": {"Last-Event-ID": str(len(chunks))}},
            cast_to=ChatCompletionChunk,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        chunks += [chunk async for chunk in rest]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert len(text.split()) == 40
    assert chunks[-1].choices[0].finish_reason == "stop"
    fake.expect(1)


async def test_the_anthropic_sdk_survives_a_lost_connection(keeper, fake):
    fake.script([SLOW])
    ask = {"model": "feature/stay-claude", "max_tokens": 99, "messages": HELLO, "stream": True}
    async with anthropic.AsyncAnthropic(base_url=keeper.url, api_key=keeper.key, max_retries=0) as client:
        had = []
        async with client.messages.with_streaming_response.create(**ask) as raw:
            async for line in raw.iter_lines():
                had.append(line)
                if line == "id: 12":
                    break
        rest = await client.get(
            f"/v1/streams/{raw.headers['request-id']}",
            options={"headers": {"Last-Event-ID": "11"}},
            cast_to=anthropic.types.RawMessageStreamEvent,
            stream=True,
            stream_cls=anthropic.AsyncStream[anthropic.types.RawMessageStreamEvent],
        )
        events = [event async for event in rest]
    text = words("\n".join(had).encode())
    text += "".join(event.delta.text for event in events if event.type == "content_block_delta")
    assert len(text.split()) == 40
    assert events[-1].type == "message_stop"
    fake.expect(1)


async def test_sdks_raise_where_the_rest_is_an_error(keeper, fake):
    fake.script([SLOW])
    first = await asked(keeper, "default")
    await first.until(lambda: b"id: 5\n" in first.body)
    first.cut()
    await fake.until(lambda: fake.calls[0].cancelled)
    async with openai.AsyncOpenAI(base_url=f"{keeper.url}/v1", api_key=keeper.key, max_retries=0) as client:
        rest = await client.get(
            f"/streams/{first.headers['x-request-id']}",
            cast_to=ChatCompletionChunk,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        with pytest.raises(openai.APIError, match="broke off"):
            [chunk async for chunk in rest]


async def test_a_silence_is_bridged_by_comments_for_who_reads_along_too(keeper, fake):
    fake.script([Recipe(tokens=6, stall_after_tokens=2, stall_s=1.2)])
    first = await asked(keeper)
    await first.until(lambda: b"id: 2\n" in first.body)
    first.cut()
    body = await (await gone_on(keeper, first.headers["x-request-id"])).end()
    assert 2 <= body.count(b": keep-alive\n") <= 5
    assert without_comments(body).endswith(b"data: [DONE]\n\n")


async def test_a_client_that_reads_nothing_does_not_hold_up_an_answer_that_is_to_be_finished(keeper, fake, eventually):
    fake.script([Recipe(text="word " * 100_000)])
    place, loop = urlsplit(keeper.url), asyncio.get_running_loop()
    body = json.dumps({"model": "feature/stay", "messages": HELLO, "stream": True}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {keeper.key}\r\n"
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.setblocking(False)
        await loop.sock_connect(lazy, (place.hostname, place.port))
        await loop.sock_sendall(lazy, f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        answer = await loop.sock_recv(lazy, 2000)
        trace_id = re.search(rb"x-request-id: (\w+)", answer).group(1).decode()
        await fake.until(lambda: fake.calls[0].ended, within_s=30)
        await asyncio.to_thread(eventually, lambda: status(keeper, trace_id) == "ok")
    whole = await gone_on(keeper, trace_id)
    await whole.until(lambda: whole.ended, within_s=60)
    assert len(words(whole.body).split()) == 100_000
    fake.expect(1)


async def test_what_cannot_be_gone_on_with_is_refused_clearly(keeper, fake):
    first = await asked(keeper)
    await first.end()
    trace_id = first.headers["x-request-id"]
    for nonsense in ("-1", "x", "1.5", "", "9" * 30):
        answer = await gone_on(keeper, trace_id, nonsense)
        await answer.end()
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_request", "Last-Event-ID")
    beyond = await gone_on(keeper, trace_id, 10_000)
    assert (beyond.status, await beyond.end()) == (200, b"")
    unknown = await gone_on(keeper, "0" * 32)
    await unknown.end()
    assert (unknown.status, unknown.error["code"]) == (404, "unknown_stream")
    assert unknown.headers["x-should-retry"] == "false"
    theirs = await gone_on(keeper, "0" * 32, anthropic_version="2023-06-01")
    await theirs.end()
    assert (theirs.status, theirs.error["type"], theirs.error["code"]) == (404, "not_found_error", "unknown_stream")
    stranger = await gone_on(keeper, trace_id, authorization="Bearer hw-nobody")
    await stranger.end()
    assert (stranger.status, stranger.error["code"]) == (401, "invalid_api_key")
    posted = await Wire.open(keeper, "POST", f"/v1/streams/{trace_id}", {"a": 1})
    await posted.end()
    assert (posted.status, posted.error["code"]) == (405, "invalid_request")


async def test_a_stream_is_for_the_key_that_made_it(keeper, fake):
    first = await asked(keeper)
    await first.end()
    made = json.loads(keeper.run("keys", "create", "other", "--org", "default", "--json").stdout)
    for path_of in (first.headers["x-request-id"], "0" * 32):
        foreign = await gone_on(keeper, path_of, authorization=f"Bearer {made['key']}")
        await foreign.end()
        assert (foreign.status, foreign.error["code"]) == (404, "unknown_stream")
    again = await Wire.open(keeper, "GET", f"/v1/streams/{first.headers['x-request-id']}?last_event_id=3")
    assert (await again.end()).startswith(b"id: 4\n")
    header_first = await Wire.open(
        keeper, "GET", f"/v1/streams/{first.headers['x-request-id']}?last_event_id=3", last_event_id=5
    )
    assert (await header_first.end()).startswith(b"id: 6\n")
    with_metrics = await Wire.open(keeper, "GET", "/metrics")
    assert b"headworks_streams_resumed_total" in await with_metrics.end()


def again(gateway):
    """Start a gateway that has ended; it listens elsewhere."""
    gateway.printed = ""
    gateway.start()


async def test_sigterm_waits_for_an_answer_without_a_client_and_the_next_gateway_has_it(own_keeper, fake):
    gateway = own_keeper.start()
    fake.script([Recipe(tokens=40, tokens_per_second=30)])
    first = await asked(gateway)
    await first.until(lambda: b"id: 5\n" in first.body)
    had, last = first.cut()
    assert await asyncio.to_thread(gateway.stop) == 0
    trace_id = first.headers["x-request-id"]
    assert status(gateway, trace_id) == "ok"
    again(gateway)
    body = had + await (await gone_on(gateway, trace_id, last)).end()
    assert len(words(body).split()) == 40
    assert body.endswith(b"data: [DONE]\n\n")
    fake.expect(1)
    gateway.stop()


async def test_what_sigterm_cuts_is_read_with_its_error_after_the_restart(own_keeper, fake):
    gateway = own_keeper.start()
    fake.script([Recipe(tokens=2000, tokens_per_second=20)])
    first = await asked(gateway)
    await first.until(lambda: b"id: 3\n" in first.body)
    gateway.process.send_signal(signal.SIGTERM)
    body = without_comments(await first.end())
    assert b"shutting down" in body
    assert await asyncio.to_thread(gateway.stop) == 0
    again(gateway)
    assert await (await gone_on(gateway, first.headers["x-request-id"])).end() == body
    fake.expect(1)
    gateway.stop()


async def test_kill_9_loses_a_moment_and_says_that_the_rest_is_missing(own_keeper, fake):
    gateway = own_keeper.start()
    fake.script([SLOW])
    first = await asked(gateway)
    await first.until(lambda: b"id: 30\n" in first.body)
    gateway.stop(signal.SIGKILL)
    again(gateway)
    stored = await (await gone_on(gateway, first.headers["x-request-id"])).end()
    text, _, error = stored.rpartition(b"id: ")
    assert first.body.startswith(text)
    assert text.count(b"id: ") >= 10
    assert b"stream_interrupted" in error
    beyond = await (await gone_on(gateway, first.headers["x-request-id"], 40)).end()
    assert beyond.startswith(b"id: 41\ndata: ")
    fake.expect(1)
    gateway.stop()


@asynccontextmanager
async def asleep(pid):
    """While this holds, the others answer."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # killed in its sleep
            os.kill(pid, signal.SIGCONT)


async def test_a_sibling_reads_along_what_another_worker_writes(own_keeper, fake, eventually):
    text = own_keeper.config.read_text(encoding="utf-8")
    own_keeper.config.write_text(text.replace("port: 0", "port: 0, workers: 2"), encoding="utf-8")
    gateway = own_keeper.start()
    fake.script([Recipe(tokens=100, tokens_per_second=25)])
    first = await asked(gateway)
    trace_id = first.headers["x-request-id"]
    folder = gateway.folder / "headworks-data" / "streams"
    (segment,) = eventually(lambda: [path for path in folder.glob("*/*.seg") if path.stat().st_size])
    await first.until(lambda: b"id: 25\n" in first.body)
    had, last = first.cut()
    async with asleep(workers(gateway)[segment.parent.name]):
        rest = await gone_on(gateway, trace_id, 2)
        await rest.until(lambda: b"id: 10\n" in rest.body)
        assert not rest.ended
    body = had.partition(b"id: 3\n")[0] + without_comments(await rest.end())
    assert body.startswith(had)
    assert last >= 25
    assert len(words(body).split()) == 100
    assert body.endswith(b"data: [DONE]\n\n")
    fake.expect(1)
    assert await asyncio.to_thread(gateway.stop) == 0


async def read_with_losses(gateway, number):
    """A stream that loses its connection at random moments and goes on at whichever worker answers, to its end."""
    dice, body, last = random.Random(number), b"", 0
    wire = await asked(gateway, dice.choice(["stay", "stay-claude"]))
    trace_id = wire.headers["x-request-id"]
    while not wire.ended:
        with suppress(TimeoutError):
            await wire.until(lambda wire=wire: wire.ended, within_s=dice.random())
        if not wire.ended:
            had, last = wire.cut() if b"\n\n" in wire.body else (b"", last)
            body += had
            wire = await gone_on(gateway, trace_id, last)
    return without_comments(body + wire.body), without_comments(await (await gone_on(gateway, trace_id)).end())


@pytest.mark.parametrize("memory_bytes", [0, 10_000_000])
async def test_many_lose_their_connection_again_and_again_between_two_workers(own_keeper, fake, memory_bytes):
    text = own_keeper.config.read_text(encoding="utf-8")
    server = f"port: 0, workers: 2, streams: {{memory_bytes: {memory_bytes}}}"
    own_keeper.config.write_text(text.replace("port: 0", server), encoding="utf-8")
    gateway = own_keeper.start()
    fake.recipes(Recipe(tokens=40, tokens_per_second=25))
    for body, again in await asyncio.gather(*(read_with_losses(gateway, number) for number in range(40))):
        assert body == again
        assert len(words(body).split()) == 40
        assert body.endswith(b"[DONE]\n\n")
    fake.expect(40)
    assert await asyncio.to_thread(gateway.stop) == 0


async def test_a_sibling_ends_the_stream_of_a_killed_worker(own_keeper, fake, eventually):
    text = own_keeper.config.read_text(encoding="utf-8")
    own_keeper.config.write_text(text.replace("port: 0", "port: 0, workers: 2"), encoding="utf-8")
    gateway = own_keeper.start()
    fake.script([Recipe(tokens=200, tokens_per_second=25)])
    first = await asked(gateway)
    folder = gateway.folder / "headworks-data" / "streams"
    (segment,) = eventually(lambda: [path for path in folder.glob("*/*.seg") if path.stat().st_size])
    await first.until(lambda: b"id: 15\n" in first.body)
    writer = workers(gateway)[segment.parent.name]
    async with asleep(writer):
        rest = await gone_on(gateway, first.headers["x-request-id"])
        await rest.until(lambda: b"id: 5\n" in rest.body)
        os.kill(writer, signal.SIGKILL)
        body = without_comments(await rest.end())
    assert b"stream_interrupted" in body
    assert first.body.startswith(body.rpartition(b"id: ")[0])
    fake.expect(1)
    await asyncio.to_thread(gateway.stop)
