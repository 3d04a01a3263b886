"""The clients of the benchmark, in a process of their own: raw sockets, bytes made beforehand, times taken.

Reads one `Job` (JSON) from standard input, writes one `Result` (JSON) to standard output.
"""

import asyncio
import base64
import re
import sys
import time
from typing import Literal, cast

import msgspec
import uvloop
from msgspec import Struct

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NUMBER = "0" * 12
_END = b"0\r\n\r\n"
_EVENT = b"data: "
SEEN = 0.98  # of the events at least: one that a proxy's own chunks cut in two is not recognised


class Job(Struct, kw_only=True):
    """What to send: `calls` calls to `port` over `concurrency` connections, each sending the next when answered.

    `distinct` calls are cached, and each asks something else: by a number, counted from `first`.
    """

    port: int
    key: str
    body: Literal["prompt-600B", "prompt-100kB", "image-5MB", "stream", "hit", "hit-stream", "distinct"]
    calls: int
    concurrency: int = 16
    chunks: int = 0
    pace_ms: int = 0
    first: int = 0
    feature: str | None = None


class Result(Struct, kw_only=True):
    """What the clients saw. Times in milliseconds; `reads` are the pieces the answers came in."""

    calls: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float
    first_byte_p50_ms: float
    events: int
    reads: int
    first_failure: str = ""


def request(job: Job) -> bytes:
    """The whole HTTP request, head and body."""
    content: object = "Tell me how the water gets to the house. " * 11
    if job.body == "prompt-100kB":
        content = "Tell me how the water gets to the house. " * 2440
    elif job.body == "image-5MB":
        picture = base64.b64encode(bytes(range(256)) * 15_360).decode()
        content = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
        ]
    elif job.body == "distinct":
        content = f"{content} Number {_NUMBER}."
    fields: dict[str, object] = {"model": "bench", "messages": [{"role": "user", "content": content}]}
    if job.body.endswith("stream"):
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
        fields |= {"chunks": job.chunks, "pace_ms": job.pace_ms}  # for the upstream; a gateway passes them on
    body = msgspec.json.encode(fields)
    wish = "x-headworks-cache: on\r\n" if job.body.startswith(("hit", "distinct")) else ""
    if job.feature is not None:
        wish += f"x-headworks-feature: {job.feature}\r\n"
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{job.port}\r\nauthorization: Bearer {job.key}\r\n"
        f"content-type: application/json\r\naccept: */*\r\n{wish}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client(asyncio.Protocol):
    """One connection that sends the same request again and again, and notes what comes back."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count an answer that was cut."""
        if not self.done.done():
            self._run.fail(f"connection lost: {exc}")
            self.done.set_result(None)

    def _send(self) -> None:
        if not self._run.take():
            self.done.set_result(None)
            self._transport.close()
            return
        self._missing: int | None = None
        self._head = b""
        self._last = b""
        self._events = 0
        self._first = 0.0
        self._sent = time.perf_counter()
        self._transport.write(self._run.next_request())

    def data_received(self, data: bytes) -> None:
        """Note a piece of the answer; at its end send the next request."""
        self._run.reads += 1
        if not self._first:
            self._first = time.perf_counter()
        if self._head.endswith(b"\r\n\r\n"):
            self._take(data)
            return
        head, blank, rest = (self._head + data).partition(b"\r\n\r\n")
        self._head = head + blank
        if blank:
            length = _LENGTH.search(head)
            self._missing = int(length.group(1)) if length else None
            self._take(rest)

    def _take(self, data: bytes) -> None:
        self._events += data.count(_EVENT)
        if self._missing is not None:
            self._missing -= len(data)
            ended = self._missing <= 0
        else:
            self._last = (self._last + data)[-len(_END) :]
            ended = self._last == _END
        if ended:
            self._run.note(self._head, self._sent, self._first, self._events)
            self._send()


class Run:
    """All clients of one job, and what they saw."""

    def __init__(self, job: Job) -> None:
        self._request = request(job)
        self._number = job.first
        self.reads = 0
        self._job = job
        self._left = job.calls
        self._expected = job.chunks + 3 if job.body == "stream" else 0
        self._times: list[float] = []
        self._firsts: list[float] = []
        self._events = 0
        self._failed = 0
        self._first_failure = ""

    def take(self) -> bool:
        """Whether there is another call to make."""
        self._left -= 1
        return self._left >= 0

    def next_request(self) -> bytes:
        """The next call's."""
        if self._job.body != "distinct":
            return self._request
        self._number += 1
        return self._request.replace(_NUMBER.encode(), b"%012d" % self._number)

    def note(self, head: bytes, sent: float, first: float, events: int) -> None:
        """An answer is complete."""
        self._times.append(time.perf_counter() - sent)
        self._firsts.append(first - sent)
        self._events += events
        if b" 200 " not in head[:16]:
            self.fail(head.split(b"\r\n", 1)[0].decode("latin-1"))
        elif events < self._expected * SEEN:
            self.fail(f"{events} of {self._expected} events")

    def fail(self, why: str) -> None:
        """A call went wrong."""
        self._failed += 1
        self._first_failure = self._first_failure or why

    async def all(self) -> Result:
        """Make all calls."""
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        clients = [
            (await loop.create_connection(lambda: Client(self), "127.0.0.1", self._job.port))[1]
            for _ in range(self._job.concurrency)
        ]
        await asyncio.gather(*(client.done for client in clients))
        return Result(
            calls=len(self._times),
            failed=self._failed,
            seconds=time.perf_counter() - began,
            p50_ms=_quantile(self._times, 0.50) * 1000,
            p99_ms=_quantile(self._times, 0.99) * 1000,
            first_byte_p50_ms=_quantile(self._firsts, 0.50) * 1000,
            events=self._events,
            reads=self.reads,
            first_failure=self._first_failure,
        )


def _quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


if __name__ == "__main__":
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(Run(job).all())))
