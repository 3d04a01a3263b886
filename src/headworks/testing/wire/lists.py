"""What the fake answers to questions about models, vectors and token counts, in all three dialects.

Shapes documented at https://platform.openai.com/docs/api-reference/embeddings, https://docs.claude.com/en/api/models-list,
https://docs.claude.com/en/api/messages-count-tokens, https://ai.google.dev/api/models, https://ai.google.dev/api/embeddings
and https://ai.google.dev/api/tokens (2026-11-23).
"""

import base64
import hashlib
import math
import struct

from headworks.testing.answer import Answer, Question, input_tokens
from headworks.testing.wire.parts import Body, Frame, encode

MODELS = ("fake-small", "fake-large")
DIMENSIONS = 16


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector that depends on nothing but `text`."""
    seed = hashlib.shake_256(text.encode()).digest(dimensions)
    numbers = [byte / 127.5 - 1 for byte in seed]
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return [round(number / length, 6) for number in numbers]


def no_frames(_answer: Answer) -> list[Frame]:
    """These answers are never streamed."""
    return []


def read_nothing(_body: Body, model: str, size: int) -> Question:
    """A question that is all in its path."""
    return Question(model=model, body_bytes=size)


def read_openai_embeddings(body: Body, _model: str, size: int) -> Question:
    """Texts to embed; token lists count as texts."""
    texts = body["input"]
    if isinstance(texts, str):
        texts = [texts]
    question = Question(model=body["model"], body_bytes=size, inputs=tuple(str(text) for text in texts))
    question.dimensions = body.get("dimensions") or DIMENSIONS
    question.base64 = body.get("encoding_format") == "base64"
    return question


def openai_embeddings(answer: Answer) -> bytes:
    """A `list` of `embedding` objects."""
    question = answer.question
    vectors = [vector(text, question.dimensions) for text in question.inputs]
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(numbers) if question.base64 else numbers}
        for index, numbers in enumerate(vectors)
    ]
    reply: Body = {"object": "list", "data": data, "model": question.model}
    if answer.usage is not None:
        tokens = answer.usage.input_tokens
        reply["usage"] = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode(reply)


def _base64(numbers: list[float]) -> str:
    """Little-endian 32-bit floats, as the OpenAI SDK asks for by default."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def openai_models(_answer: Answer) -> bytes:
    """The models of this fake."""
    return encode(
        {
            "object": "list",
            "data": [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in MODELS],
        }
    )


def anthropic_models(_answer: Answer) -> bytes:
    """The models of this fake."""
    data = [{"type": "model", "id": m, "display_name": m, "created_at": "2026-01-01T00:00:00Z"} for m in MODELS]
    return encode({"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})


def gemini_models(_answer: Answer) -> bytes:
    """The models of this fake."""
    methods = ["generateContent", "countTokens"]
    rows = [{"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods} for name in MODELS]
    return encode({"models": rows})


def anthropic_count(answer: Answer) -> bytes:
    """How many tokens the request has."""
    return encode({"input_tokens": input_tokens(answer.question.body_bytes)})


def gemini_count(answer: Answer) -> bytes:
    """How many tokens the request has."""
    total = input_tokens(answer.question.body_bytes)
    return encode({"totalTokens": total, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}]})


def read_gemini_embeddings(body: Body, model: str, size: int) -> Question:
    """Texts to embed, one request each."""
    requests = body["requests"]
    texts = tuple(" ".join(part["text"] for part in request["content"]["parts"]) for request in requests)
    question = Question(model=model, body_bytes=size, inputs=texts)
    question.dimensions = (requests[0].get("outputDimensionality") if requests else None) or DIMENSIONS
    return question


def gemini_embeddings(answer: Answer) -> bytes:
    """Vectors in the order of the requests."""
    question = answer.question
    return encode({"embeddings": [{"values": vector(text, question.dimensions)} for text in question.inputs]})
