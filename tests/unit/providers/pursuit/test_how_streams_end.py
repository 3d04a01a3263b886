"""A stream has ended well once its finish reason was told, whatever comes or breaks behind it; and not before."""

import json

import pytest

from headworks.core.errors import ProviderError
from headworks.core.replies import Finished, TextDelta
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.providers.pursuit.streamed import StreamedReply
from headworks.testing import FakeClock


def event(**choice):
    return b"data: %b\n\n" % json.dumps({"id": "1", "model": "m", "choices": [{"index": 0} | choice]}).encode()


WORD = event(delta={"content": "Hello"})
FINISH = event(delta={}, finish_reason="stop")
DONE = b"data: [DONE]\n\n"
LOST = ProviderError("The connection to provider `p` failed: it was reset.")
SILENT = ProviderError("Provider `p` went silent.", code="provider_timeout", status=504)


class FakeExchange:
    """Brings pieces, or errors in their place; `clock` moves a second with each."""

    def __init__(self, pieces, clock):
        self.pieces = list(pieces)
        self.drained = False
        self._clock = clock

    async def piece(self):
        self._clock.advance(1)
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def drain(self):
        self.drained = True


async def read(*pieces, idle_s=20.0):
    """The events of a stream of these pieces."""
    clock = FakeClock()
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    ask = openai.CHAT.read(json.dumps(body).encode(), Envelope(trace_id="0" * 32, headers={}, created=1))
    exchange = FakeExchange(pieces, clock)
    stream = StreamedReply(exchange, openai.DIALECT.stream_reader(ask), idle_s, clock.monotonic, "p")
    events = []
    while chunk := stream.take() if stream.events else await stream.next():
        events += chunk.events
    return [found for found in events if isinstance(found, TextDelta | Finished)], exchange


WHOLE = [TextDelta("Hello"), Finished("stop")]


@pytest.mark.parametrize(
    "behind",
    [
        [DONE],
        [],
        [LOST],
        [SILENT],
        [b"data: nonsense\n\n"],
        [DONE, LOST],
        [DONE[:-2]],
        [b'data: {"error": {"message": "x"}}\n\n'],
    ],
)
async def test_behind_the_finish_reason_nothing_matters(behind):
    assert (await read(WORD, FINISH, *behind))[0] == WHOLE
    assert (await read(WORD + FINISH, *behind))[0] == WHOLE


async def test_an_end_without_a_blank_line_is_heard():
    assert (await read(WORD, FINISH[:-2]))[0] == WHOLE


async def test_what_is_left_behind_the_end_is_read_so_that_the_connection_serves_again():
    assert (await read(WORD, FINISH, DONE))[1].drained


@pytest.mark.parametrize("end", [[], [DONE], [LOST], [b"data: nonsense\n\n"], [WORD[:20]]])
async def test_before_the_finish_reason_every_end_is_a_break(end):
    with pytest.raises(ProviderError) as broken:
        await read(WORD, *end)
    assert broken.value.code in ("stream_interrupted", "provider_error")


async def test_a_silence_is_told_as_one():
    with pytest.raises(ProviderError) as broken:
        await read(WORD, SILENT)
    assert broken.value.code == "provider_timeout"


async def test_single_bytes_are_no_progress():
    slowly = [WORD[at : at + 1] for at in range(len(WORD))]
    with pytest.raises(ProviderError) as broken:
        await read(*slowly, idle_s=5)
    assert broken.value.code == "provider_timeout"
    assert (await read(*slowly, FINISH, idle_s=500))[0] == WHOLE
