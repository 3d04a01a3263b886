"""`POST /v1/embeddings`: texts to vectors."""

import base64
from array import array
from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.errors import BadAskError, HeadworksError
from headworks.core.messages import Ask, Kind, Prompt
from headworks.core.replies import Chunk, Embedded, Reply, Started, Usage, UsageReported
from headworks.dialects.body import BodyReader
from headworks.dialects.openai import wire
from headworks.dialects.openai.errors import write_error
from headworks.dialects.protocols import Envelope, ReplyWriter
from headworks.dialects.rename import ModelRename

_READER = BodyReader(wire.EmbeddingBody)
_KNOWN = frozenset(wire.EmbeddingBody.__struct_fields__)


class Embeddings:
    """`POST /v1/embeddings`."""

    dialect = "openai"
    kind: Kind = "embedding"

    def read(self, body: bytes, envelope: Envelope) -> Ask:
        """Check an embeddings request."""
        fields, checked = _READER.read(body)
        return Ask(
            trace_id=envelope.trace_id,
            dialect=self.dialect,
            kind=self.kind,
            model=checked.model,
            fields=fields,
            read_prompt=lambda: _prompt(checked, fields),
            user_id=checked.user,
        )

    def writer(self, ask: Ask, reply: Reply, envelope: Envelope) -> ReplyWriter:
        """Writer of embedding lists."""
        return EmbeddingWriter(ask, reply)


def _prompt(body: wire.EmbeddingBody, fields: dict[str, Raw]) -> Prompt:
    texts = [body.input] if isinstance(body.input, str) else body.input
    inputs = tuple(text for text in texts if isinstance(text, str))
    if len(inputs) < len(texts):
        raise BadAskError(
            "`input`: the provider of this model takes texts; token ids cannot be translated.",
            code="unsupported_field",
            param="input",
        )
    extra = {name: msgspec.json.decode(raw) for name, raw in fields.items() if name not in _KNOWN}
    return Prompt(
        messages=(),
        inputs=inputs,
        dimensions=body.dimensions,
        user=body.user,
        extra={name: value for name, value in extra.items() if value is not None},
    )


class EmbeddingWriter:
    """Writes an embedding list, in floats or base64 as the client asked (its SDKs ask for base64 by themselves)."""

    def __init__(self, ask: Ask, reply: Reply) -> None:
        self._ask = ask
        self._forwards = reply.target.dialect == "openai"

    def whole(self, chunks: list[Chunk]) -> bytes:
        """The body of the reply."""
        events = [event for chunk in chunks for event in chunk.events]
        raw = chunks[0].raw if len(chunks) == 1 else None
        if self._forwards and raw is not None:
            rename = ModelRename(self._ask.model)
            for event in events:
                if isinstance(event, Started):
                    rename.learn(raw, event.model)
            return rename.apply(raw)
        vectors = next((event.vectors for event in events if isinstance(event, Embedded)), [])
        usage = next((event.usage for event in events if isinstance(event, UsageReported)), Usage())
        packed = self._ask.fields.get("encoding_format") == Raw(b'"base64"')
        data = [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
            for index, vector in enumerate(vectors)
        ]
        counts = {"prompt_tokens": usage.input_tokens, "total_tokens": usage.input_tokens}
        body: dict[str, Any] = {"object": "list", "data": data, "model": self._ask.model, "usage": counts}
        return msgspec.json.encode(body)

    def step(self, chunk: Chunk) -> bytes:
        """Embeddings are never streamed: the body in one piece."""
        return self.whole([chunk])

    def tail(self, facts: bytes) -> bytes:
        """Nothing follows an embeddings reply."""
        return b""

    def failure(self, error: HeadworksError) -> bytes:
        """The error body."""
        return write_error(error, self._ask.trace_id)


def _packed(vector: list[float] | str) -> str:
    """Little-endian 32-bit floats as base64, the packed form of this dialect."""
    if isinstance(vector, str):
        return vector
    return base64.b64encode(array("f", vector).tobytes()).decode("ascii")
