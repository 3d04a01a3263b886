"""A client of bare sockets, which sees what a well-behaved HTTP client would hide."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httptools
import pytest

from headworks.testing import FakeProvider


@dataclass
class Answer:
    """What came back, and how it ended."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: list[bytes] = field(default_factory=list)
    end: Literal["complete", "cut", "reset"] = "cut"

    # httptools
    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.end = "complete"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """Data of the events, read as JSON where it is JSON."""
        lines = [line[6:] for line in self.body.decode(errors="replace").splitlines() if line.startswith("data: ")]
        return [_read(line) for line in lines]


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


Ask = Callable[..., Awaitable[Answer]]


async def ask(fake: FakeProvider, path: str, body: Any = None, **headers: str) -> Answer:
    """POST `body` (GET without one), read until the answer or the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(fake.base_url.rpartition(":")[2]))
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "host: fake", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    answer = Answer()
    parser = httptools.HttpResponseParser(answer)
    try:
        while answer.end != "complete" and (piece := await reader.read(65536)):
            parser.feed_data(piece)
            answer.status = parser.get_status_code()
    except ConnectionResetError:
        answer.end = "reset"
    writer.close()
    return answer


@pytest.fixture(name="ask")
def _ask() -> Ask:
    return ask


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as provider:
        yield provider
