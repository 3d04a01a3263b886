"""Status, headers and first bytes leave together, as uvicorn would send them one by one."""

import asyncio

import httptools
import pytest
from uvicorn import Config, Server

from headworks.server.asgi import Answer
from headworks.server.protocol import ConnectionProtocol

BODIES = {
    "whole": [b"hello"],
    "empty": [b""],
    "large": [b"x" * 3_000_000],
    "stream": [b"one", b"two"],
    "one piece": [b"only"],
    "nothing": [],
}


class Heard:
    """What a client of HTTP makes of an answer."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.ended = False
        self._parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.ended = True
        self.status = self._parser.get_status_code()

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)


async def heard(app, request: bytes, *, answers: int = 1) -> list[Heard]:
    """The answers to a request, from a server on a socket."""
    server = Server(Config(app, port=0, http=ConnectionProtocol, lifespan="off", access_log=False, log_level="error"))
    serving = asyncio.create_task(server.serve())
    await _until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    found = []
    for _ in range(answers):
        one = Heard()
        while not one.ended:
            data = await reader.read(1 if answers > 1 else 65536)
            assert data, "closed in the middle"
            one.feed(data)
        found.append(one)
    writer.close()
    server.should_exit = True
    await serving
    return found


async def _until(condition) -> None:
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not start")


def get(extra: bytes = b"") -> bytes:
    return b"GET / HTTP/1.1\r\nhost: x\r\n" + extra + b"\r\n"


def app_of(kind: str):
    async def app(scope, receive, send):
        answer = Answer(send, 60)
        if kind in ("whole", "empty", "large"):
            await answer.whole(201, [(b"x-one", b"1")], BODIES[kind][0])
            return
        await answer.begin([(b"x-one", b"1")])
        for piece in BODIES[kind][:-1]:
            await answer.step(piece)
        await answer.end(BODIES[kind][-1] if BODIES[kind] else b"")

    return app


@pytest.mark.parametrize("kind", BODIES)
async def test_clients_hear_status_headers_and_all_of_the_body(kind):
    (one,) = await heard(app_of(kind), get())
    assert one.status == (201 if kind in ("whole", "empty", "large") else 200)
    assert (b"x-one", b"1") in one.headers
    assert one.body == b"".join(BODIES[kind])


async def test_a_connection_serves_again_after_each():
    found = await heard(app_of("stream"), get() + get() + get(), answers=3)
    assert [one.body for one in found] == [b"onetwo"] * 3


async def test_a_client_that_wants_the_connection_closed_is_told_so():
    (one,) = await heard(app_of("whole"), get(b"connection: close\r\n"))
    assert (b"connection", b"close") in one.headers


@pytest.mark.parametrize("value", [b"a\nb", b"a\r\nx-two: 2", b"a\rb"])
async def test_no_header_begins_another(value):
    async def app(scope, receive, send):
        answer = Answer(send, 60)
        with pytest.raises(ValueError, match="line break"):
            await answer.whole(200, [(b"x-one", value)], b"")
        await Answer(send, 60).whole(200, [], b"refused")

    (one,) = await heard(app, get())
    assert one.body == b"refused"


async def test_another_server_is_sent_messages():
    sent = []

    async def send(message):
        sent.append(message)

    answer = Answer(send, 60)
    await answer.begin([])
    await answer.step(b"one")
    await answer.end(b"two")
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 2]
    assert b"".join(message["body"] for message in sent[1:]) == b"onetwo"
