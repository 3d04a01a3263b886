"""The provider of the benchmark: answers chat calls with bytes made beforehand, so that it costs next to nothing.

A body with `"stream":true` is answered with `"chunks":N` events, one every `"pace_ms":M` (0: as fast as possible), each
in a write of its own; any other with one JSON body. Run as a process: prints its port, lives until its input ends.
"""

import asyncio
import json
import re
import sys
from typing import cast

import uvloop

WHOLE = json.dumps(
    {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "bench-model",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "All is well. " * 40},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 150, "completion_tokens": 160, "total_tokens": 310},
    }
).encode()


def _event(choices: list[dict[str, object]], **fields: object) -> bytes:
    body = {
        "id": "chatcmpl-bench",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "bench-model",
        "choices": choices,
        **fields,
    }
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


WHOLE_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: bench\r\n"
    + f"content-length: {len(WHOLE)}\r\n\r\n".encode()
    + WHOLE
)
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DELTA = _chunk(_event([{"index": 0, "delta": {"content": " token"}, "finish_reason": None}]))
USAGE = {"prompt_tokens": 150, "completion_tokens": 500, "total_tokens": 650}
STREAM_TAIL = (
    _chunk(_event([{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    + _chunk(_event([], usage=USAGE))
    + _chunk(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)
TAIL_EVENTS = 3

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')
_CHUNKS = re.compile(rb'"chunks": ?(\d+)')
_PACE = re.compile(rb'"pace_ms": ?(\d+)')
_SEARCHED = 4096  # the settings of the benchmark stand at the end of the body


class Upstream(asyncio.Protocol):
    """One connection: requests one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._head = b""
        self._tail = b""
        self._missing = -1

    def data_received(self, data: bytes) -> None:
        """Count the request's bytes and answer when it is whole."""
        if self._missing < 0:
            self._head += data
            head, blank, body = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            length = _LENGTH.search(head)
            self._missing = int(length.group(1)) if length else 0
            data = body
            self._head = b""
        self._missing -= len(data)
        self._tail = (self._tail + data[-_SEARCHED:])[-_SEARCHED:]
        if self._missing <= 0:
            self._answer()

    def _answer(self) -> None:
        tail, self._tail, self._missing = self._tail, b"", -1
        if not _STREAM.search(tail):
            self._transport.write(WHOLE_ANSWER)
            return
        chunks, pace = _CHUNKS.search(tail), _PACE.search(tail)
        self._transport.write(STREAM_HEAD)
        self._stream(int(chunks.group(1)) if chunks else 16, int(pace.group(1)) / 1000 if pace else 0.0)

    def _stream(self, left: int, pace_s: float) -> None:
        if self._transport.is_closing():
            return
        if pace_s == 0:
            self._transport.write(DELTA * left + STREAM_TAIL)
        elif left == 0:
            self._transport.write(STREAM_TAIL)
        else:
            self._transport.write(DELTA)
            asyncio.get_running_loop().call_later(pace_s, self._stream, left - 1, pace_s)


async def main() -> None:
    """Serve on a free port of loopback until standard input ends."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
