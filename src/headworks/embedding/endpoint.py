"""An embedding endpoint of the OpenAI dialect: `POST /embeddings` with `model` and `input`.

What it answers is checked: as many vectors as texts, each in its place, as long as agreed, of finite numbers, and not
all zero. Source: the API reference of `embeddings` (platform.openai.com/docs/api-reference/embeddings, 2026-11-24).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from headworks.core.clock import seconds_text
from headworks.core.errors import HeadworksError
from headworks.embedding.config import EndpointSettings
from headworks.embedding.embedder import EmbedderBusyError, EmbedderError, PartlyReadError

MOST_AT_ONCE = 32
MOST_WAITING = 512
_BATCH_TEXTS = 64
_Array = np.ndarray[Any, np.dtype[np.float32]]

Post = Callable[[bytes], Awaitable[bytes]]
"""Sends a JSON body to the endpoint, with its key; returns the body of a good answer, or raises HeadworksError."""


class _Row(Struct):
    index: int
    embedding: list[float]


class _Answer(Struct):
    data: list[_Row]


_decode = msgspec.json.Decoder(_Answer).decode


class EndpointEmbedder:
    """Satisfies `Embedder`.

    Args:
        settings: Which model, and how long its vectors are.
        post: Asks the endpoint.
        timeout_s: Seconds for which a call waits.
    """

    def __init__(self, settings: EndpointSettings, post: Post, timeout_s: float) -> None:
        self.dims = settings.dims
        self._settings = settings
        self._post = post
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0

    @property
    def name(self) -> str:
        """Of the model, and where it is: two endpoints may call different models by one name."""
        return f"{self._settings.model}@{self._settings.base_url}"

    async def start(self) -> None:
        """Nothing is needed."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def embed(self, texts: Sequence[str]) -> _Array:
        """See `Embedder`."""
        if any(len(text) > self._settings.max_chars for text in texts):
            raise PartlyReadError(f"A text has more than {self._settings.max_chars} characters (`max_chars`).")
        if not all(text.strip() for text in texts):
            raise PartlyReadError("A text is empty: endpoints refuse it.")
        rows = np.empty((len(texts), self.dims), np.float32)
        for first in range(0, len(texts), _BATCH_TEXTS):
            part = texts[first : first + _BATCH_TEXTS]
            rows[first : first + len(part)] = await self._in_time(part)
        return rows

    async def _in_time(self, texts: Sequence[str]) -> _Array:
        if self._waiting >= MOST_WAITING:
            raise EmbedderBusyError(f"{MOST_WAITING} calls are waiting for the embedding endpoint already.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout_s), self._turns:
                body = await self._post(self._body(texts))
        except TimeoutError as error:
            limit = seconds_text(self._timeout_s)
            raise EmbedderError(f"The embedding endpoint did not answer within {limit}.") from error
        except HeadworksError as error:
            raise EmbedderError(f"The embedding endpoint failed: {error.message}") from error
        finally:
            self._waiting -= 1
        return self._vectors(body, len(texts))

    def _body(self, texts: Sequence[str]) -> bytes:
        asked: dict[str, Any] = {"model": self._settings.model, "input": list(texts), "encoding_format": "float"}
        if self._settings.shorten:
            asked["dimensions"] = self.dims
        try:
            return msgspec.json.encode(asked)
        except UnicodeEncodeError as error:
            raise PartlyReadError("A text has half a character, which cannot be sent.") from error

    def _vectors(self, body: bytes, count: int) -> _Array:
        try:
            found = sorted(_decode(body).data, key=lambda row: row.index)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise EmbedderError("The embedding endpoint's answer is no list of vectors.") from error
        if [row.index for row in found] != list(range(count)):
            raise EmbedderError(f"The embedding endpoint answered {len(found)} vectors for {count} texts.")
        for row in found:
            if len(row.embedding) != self.dims:
                raise EmbedderError(f"The embedding endpoint's vectors are {len(row.embedding)} long, not {self.dims}.")
        rows = np.array([row.embedding for row in found], np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        if not np.isfinite(lengths).all() or not lengths.all():
            raise EmbedderError("The embedding endpoint's vectors hold numbers that are none, or nothing but zeros.")
        vectors: _Array = (rows / lengths).astype(np.float32)
        return vectors
