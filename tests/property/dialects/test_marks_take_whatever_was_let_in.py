"""Bodies are checked leniently, so that tomorrow's fields pass: marking takes all that pass, and breaks on none."""

import copy
import json
from typing import Any

import pytest

from headworks.cache.prefix import PrefixMemory
from headworks.core.errors import BadAskError
from headworks.core.messages import Route, Target
from headworks.core.prefix import Marks
from headworks.dialects import anthropic, gemini, openai
from headworks.dialects.protocols import Envelope
from headworks.testing import FakeClock

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
LONG = "word " * 2_000
CLIENTS = {"openai": openai.CHAT, "anthropic": anthropic.MESSAGES}
DIALECTS = {"openai": openai.DIALECT, "anthropic": anthropic.DIALECT, "gemini": gemini.DIALECT}
READERS = {"openai": openai.read_sections, "anthropic": anthropic.read_sections}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "p"}}
PAPER = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
BODIES: dict[str, Any] = {
    "openai": {
        "messages": [
            {"role": "system", "content": LONG},
            {"role": "user", "content": [FILE, {"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": LONG, "parameters": {}}}] * 2,
    },
    "anthropic": {
        "max_tokens": 9,
        "system": [{"type": "text", "text": LONG}],
        "messages": [
            {"role": "user", "content": [PAPER, {"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]},
        ],
        "tools": [{"name": "f", "description": LONG, "input_schema": {}}] * 2,
    },
}
VALUES = [None, True, 7, 0.5, "", "x", "text", "document", [], {}, [None], [{}], {"type": None}, "\ud800", ...]


def places(value, path=()):
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from places(inner, (*path, step))


def changed(body, path, value):
    """The body with another value at a place, or (...) without it."""
    made = copy.deepcopy(body)
    at = made
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return {"model": "m"} | made


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("provider", DIALECTS)
def test_nothing_that_is_let_in_breaks_a_mark(client, provider):
    target = Target(
        name="n",
        provider="p",
        provider_model="claude",
        dialect=provider,
        unsupported="drop",
        capabilities=frozenset({"chat", "cache_control", "prompt_cache_key"}),
    )
    memory = PrefixMemory(READERS, lambda target: None, FakeClock())
    route = Route(feature="f", query_type="q", targets=(target,))
    every = Marks(tools="5m", system="5m", history="5m", key="k")
    let_in = 0
    for path in places(BODIES[client]):
        for value in VALUES:
            body = json.dumps(changed(BODIES[client], path, value)).encode()
            try:
                ask = CLIENTS[client].read(body, ENVELOPE)
                plain = DIALECTS[provider].request(ask, target)
            except BadAskError:
                continue
            let_in += 1
            known = memory.of(ask, route)
            for marks in (known.marks(target) if known else None, every, Marks(documents="1h")):
                marked = DIALECTS[provider].request(ask, target, marks)
                assert (marked.path, marked.headers) == (plain.path, plain.headers)
                assert json.loads(marked.body), "it is JSON"
    assert let_in > 50
