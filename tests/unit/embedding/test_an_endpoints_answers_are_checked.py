"""What an embedding endpoint answers is taken only when it is what was asked for."""

import asyncio
import json
from typing import Any

import numpy as np
import pytest

from headworks.core.errors import ProviderError
from headworks.embedding.config import EndpointSettings
from headworks.embedding.embedder import EmbedderError, PartlyReadError
from headworks.embedding.endpoint import EndpointEmbedder

DIMS = 8
SETTINGS = EndpointSettings(base_url="https://api.example.com/v1", model="small", dims=DIMS)


def row(index: int, *numbers: float) -> dict[str, Any]:
    return {"object": "embedding", "index": index, "embedding": [*numbers, *[0.0] * (DIMS - len(numbers))]}


def answering(answer: object, settings: EndpointSettings = SETTINGS) -> EndpointEmbedder:
    async def post(body: bytes) -> bytes:
        return answer if isinstance(answer, bytes) else json.dumps(answer).encode()

    return EndpointEmbedder(settings, post, 5.0)


async def test_vectors_are_put_in_order_and_made_of_length_one() -> None:
    rows = await answering({"data": [row(1, 0, 3), row(0, 4)], "usage": {"total_tokens": 2}}).embed(["a", "b"])
    assert np.array_equal(rows, np.eye(DIMS, dtype=np.float32)[:2])
    assert rows.dtype == np.float32


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"data": []}, "0 vectors for 1 texts"),
        ({"data": [row(0, 1), row(0, 1)]}, "2 vectors for 1 texts"),
        ({"data": [row(1, 1)]}, "1 vectors for 1 texts"),
        ({"data": [{"index": 0, "embedding": [1.0]}]}, "1 long, not 8"),
        ({"data": [row(0)]}, "zeros"),
        ({"data": [row(0, 1e308, 1e308)]}, "zeros"),
        ({"data": [{"index": 0, "embedding": "AAAA"}]}, "no list"),
        ({"error": {"message": "no"}}, "no list"),
        (b"\xff", "no list"),
        (b'{"data": [{"index": 0, "embedding": [NaN, 1, 1, 1, 1, 1, 1, 1]}]}', "no list"),
        (b'{"data": [{"index": 0, "embedding": [1e999, 1, 1, 1, 1, 1, 1, 1]}]}', "no list|numbers"),
    ],
)
async def test_anything_else_is_an_error(answer: object, words: str) -> None:
    with pytest.raises(EmbedderError, match=words):
        await answering(answer).embed(["a"])


async def test_a_failing_or_silent_endpoint_is_an_error() -> None:
    async def failing(body: bytes) -> bytes:
        raise ProviderError("The key was refused.")

    with pytest.raises(EmbedderError, match="The key was refused"):
        await EndpointEmbedder(SETTINGS, failing, 5.0).embed(["a"])

    async def silent(body: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    with pytest.raises(EmbedderError, match=r"within 0\.01 s"):
        await EndpointEmbedder(SETTINGS, silent, 0.01).embed(["a"])


async def test_what_cannot_be_read_whole_is_not_sent() -> None:
    embedder = answering({"data": [row(0, 1)]}, SETTINGS.model_copy(update={"max_chars": 100}))
    for text in ["", " \n", "x" * 101, "\ud800"]:
        with pytest.raises(PartlyReadError):
            await embedder.embed([text])


async def test_many_texts_are_sent_in_parts_and_shortened_on_demand() -> None:
    sent: list[dict[str, Any]] = []

    async def post(body: bytes) -> bytes:
        sent.append(json.loads(body))
        return json.dumps({"data": [row(at, 1) for at in range(len(sent[-1]["input"]))]}).encode()

    rows = await EndpointEmbedder(SETTINGS.model_copy(update={"shorten": True}), post, 5.0).embed(["a"] * 150)
    assert rows.shape == (150, DIMS)
    assert [len(one["input"]) for one in sent] == [64, 64, 22]
    assert {(one["model"], one["dimensions"], one["encoding_format"]) for one in sent} == {("small", DIMS, "float")}
