"""Whatever a client or a provider sends, the answer is one in the client's dialect and never an error of our own."""

import copy
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

MODELS = ["openai", "anthropic", "gemini", "loose-openai", "loose-anthropic", "loose-gemini"]
PIXEL = "iVBORw0KGgo="
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
OPENAI = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PIXEL}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": PARAMETERS}},
    "max_tokens": 50,
    "temperature": 0.5,
    "stop": ["x"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "user": "ann",
    "reasoning_effort": "low",
    "metadata": {"a": "b"},
}
ANTHROPIC = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "sunny"}]}],
        },
    ],
    "system": [{"type": "text", "text": "Be brief."}],
    "tools": [{"name": "weather", "input_schema": PARAMETERS}],
    "tool_choice": {"type": "tool", "name": "weather"},
    "max_tokens": 5000,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "stop_sequences": ["x"],
    "stream": False,
    "metadata": {"user_id": "ann"},
    "temperature": 1,
}
COMPLETION = {"prompt": ["one", "two"], "max_tokens": 5, "stream": False, "n": 1, "echo": False, "logprobs": 1}
EMBEDDING = {"input": ["one", "two"], "encoding_format": "float", "dimensions": 8}
BODIES = {
    "/v1/chat/completions": OPENAI,
    "/v1/messages": ANTHROPIC,
    "/v1/messages/count_tokens": ANTHROPIC,
    "/v1/completions": COMPLETION,
    "/v1/embeddings": EMBEDDING,
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from([10**30, -(10**30), 0.5, math.inf, math.nan, 1e308])
    | st.sampled_from(["", "auto", "user", "text", "tool", "\x00", "\ud800", "x" * 300])
    | st.text(max_size=4)
)
NAMES = st.sampled_from(
    ["type", "role", "content", "text", "name", "id", "function", "input", "parameters", "url", "x"]
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def places(value, path=()):
    """The path of everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from places(inner, (*path, step))


@st.composite
def broken(draw, good):
    """A good value with one to three of its parts replaced, removed or doubled."""
    body = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(body))
        if not found:
            return body
        *path, last = draw(st.sampled_from(found))
        holder = body
        for step in path:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "remove":
                del holder[last]
            case "double" if isinstance(holder, list):
                holder.append(holder[last])
            case _:
                holder[last] = draw(ANYTHING)
    return body


@settings(max_examples=60, deadline=None)
@given(data=st.data(), model=st.sampled_from(MODELS))
@pytest.mark.parametrize("path", BODIES)
def test_any_request_is_answered_or_refused_in_its_dialect(house, path, data, model):
    body = {"model": model} | data.draw(broken(BODIES[path]))
    answer = house.ask(body, path=path)
    assert answer.status < 500 or answer.error.get("code", answer.error["type"]) not in ("internal_error", "api_error")
    assert answer.ended
    if answer.status != 200:
        assert answer.error["message"]
        assert ("request_id" in answer.json) == path.startswith("/v1/messages")
