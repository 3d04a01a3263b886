"""Answers of the cache are written once in each form they are asked for in, and copied from then on.

A form is all that a writer looks at. What it does not look at, the long fields of a body, is the same for all calls
that share an answer, or does not show in it. What is each call's own stands as a mark in what is written: random words
that nothing else can hold, which give way to the call's.
"""

import secrets

from msgspec.structs import replace

from headworks.cache.answers import Repeated
from headworks.cache.copies import Copy
from headworks.cache.key import CARRIERS
from headworks.core.messages import Ask
from headworks.core.replies import Chunk
from headworks.dialects.protocols import Endpoint, Envelope
from headworks.server.streams.numbers import Numbering

_UNSEEN = (CARRIERS - {"stream_options"}) | {"input", "messages", "prompt", "system", "tools"}
_LEAST_CREATED, _MORE_CREATED = 10**18, 8 * 10**18


def copy_of(endpoint: Endpoint, ask: Ask, reply: Repeated, chunks: list[Chunk]) -> Copy:
    """The answer in the form that this call wants."""
    seen = tuple([(name, bytes(raw)) for name, raw in ask.fields.items() if name not in _UNSEEN])
    form = (endpoint, ask.stream, ask.model, reply.target.dialect, seen)
    copy = reply.shelf.get(form)
    if copy is None:
        copy = _written(endpoint, ask, reply, chunks)
        reply.shelf.put(form, copy, sum(len(raw) for _, raw in seen))
    return copy


def filled(copy: Copy, envelope: Envelope, facts: bytes = b"") -> bytes:
    """The bytes of the answer for this call.

    Args:
        copy: The answer.
        envelope: What the edge knows of the call.
        facts: For the end of a stream.
    """
    created = b"%d" % envelope.created
    return copy.filled({"trace_id": envelope.trace_id.encode(), "created": created, "facts": facts})


def _written(endpoint: Endpoint, ask: Ask, reply: Repeated, chunks: list[Chunk]) -> Copy:
    trace_id, facts = secrets.token_hex(16), secrets.token_hex(16)
    created = _LEAST_CREATED + secrets.randbelow(_MORE_CREATED)
    envelope = Envelope(trace_id=trace_id, headers={}, created=created)
    writer = endpoint.writer(replace(ask, trace_id=trace_id), reply, envelope)
    marks = {trace_id.encode(): "trace_id", b"%d" % created: "created", facts.encode(): "facts"}
    if not ask.stream:
        return Copy(writer.whole(chunks), marks)
    numbers = Numbering()
    written = [numbers.stamp(piece) for chunk in chunks if (piece := writer.step(chunk))]
    written.append(numbers.stamp(writer.tail(facts.encode())))
    return Copy(b"".join(written), marks, numbers.last)
