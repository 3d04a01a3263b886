"""What the filters cost: microseconds of CPU for an ask of 200 words, and for each chunk of an answer."""

import asyncio
import gzip
import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from headworks.core.messages import Ask, Route, Target
from headworks.core.replies import Chunk, Finished, Reply, TextDelta
from headworks.dialects.openai import CHAT
from headworks.dialects.protocols import Envelope
from headworks.safety import Safety, SafetySettings, policy

WORDS = 200
_TARGET = Target(name="m", provider="p", provider_model="m", dialect="openai")
_ROUTE = Route(feature="f", query_type="simple", targets=(_TARGET,))
_ROUNDS = 300
POLICIES: dict[str, Any] = {
    "standard": "standard",
    "injection alone": {"injection": "block"},
    "pii alone": {"pii": "redact"},
    "secrets alone": {"secrets": "redact"},
    "encoding alone": {"encoding": "flag"},
    "1,000 banned words": {"words": [f"banned word{number}" for number in range(1000)]},
}


def costs(data: Path) -> list[tuple[str, float, float]]:
    """Rows of policy, microseconds for the ask, microseconds for a chunk of a word."""
    with gzip.open(data / "clinc150.jsonl.gz", "rt", encoding="utf-8") as lines:
        words = " ".join(json.loads(line)["text"] for line, _ in zip(lines, range(400), strict=False)).split()
    asks = [_ask(" ".join(words[at : at + WORDS])) for at in range(0, len(words) - WORDS, WORDS)]
    return [(name, *asyncio.run(_cost(settings, asks))) for name, settings in POLICIES.items()]


def _ask(text: str) -> Ask:
    body = {"model": "m", "messages": [{"role": "user", "content": text}]}
    return CHAT.read(msgspec.json.encode(body), Envelope(trace_id="t", headers={}, created=0))


async def _cost(settings: Any, asks: list[Ask]) -> tuple[float, float]:
    made = policy(SafetySettings.model_validate(settings))
    assert made is not None
    safety = Safety({"f": made})
    before, chunks = [], []
    for turn in range(_ROUNDS):
        ask = asks[turn % len(asks)]
        started = time.process_time()
        guard = safety.guard(_ROUTE, lambda _: None)
        await guard.before(ask)
        before.append(time.process_time() - started)
        if turn % 10 == 0:
            chunks.append(await _streamed(guard))
    return statistics.median(before[20:]) * 1e6, statistics.median(chunks[2:]) * 1e6


async def _streamed(guard: Any) -> float:
    pieces = [f"word{number} " if number % 9 else "and. " for number in range(WORDS)]
    bare = time.process_time()
    async for _ in _chunks(pieces):
        pass
    started = time.process_time()
    async for _ in guard.after(Reply(target=_TARGET, streamed=True, chunks=_chunks(pieces))).chunks:
        pass
    return (time.process_time() - started - (started - bare)) / WORDS


async def _chunks(pieces: list[str]) -> AsyncIterator[Chunk]:
    for piece in pieces:
        yield Chunk([TextDelta(piece)], raw=b"as sent")
    yield Chunk([Finished("stop")])
