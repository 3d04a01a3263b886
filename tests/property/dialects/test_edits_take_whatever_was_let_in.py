"""Bodies are checked leniently, so that tomorrow's fields pass: an editor takes all that pass, and breaks on none."""

import copy
import json

import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Target
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=1)
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
BODIES = {
    "chat": {
        "messages": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "u"}}],
            },
            {"role": "assistant", "content": None, "tool_calls": [CALL], "thinking_blocks": [{"thinking": "x"}]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            {"role": "assistant", "content": [{"type": "text", "text": "So"}], "function_call": {"name": "g"}},
        ],
        "max_tokens": 50,
        "max_completion_tokens": 50,
        "n": 2,
        "response_format": {"type": "json_schema", "json_schema": {"name": "a"}},
        "reasoning_effort": "low",
        "reasoning": {"effort": "low"},
        "thinking": {"type": "enabled"},
        "enable_thinking": True,
    },
    "messages": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "So", "cache_control": {"type": "x"}}]},
        ],
        "max_tokens": 5000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"format": {"type": "json_schema", "schema": {}}},
        "output_format": {"type": "json_schema"},
    },
    "completion": {"prompt": ["one"], "max_tokens": 5, "n": 2, "echo": False},
}
BODIES["count"] = BODIES["messages"]
CLIENTS = {
    "chat": (openai.CHAT, openai.EDITOR),
    "completion": (openai.COMPLETIONS, openai.EDITOR),
    "messages": (anthropic.MESSAGES, anthropic.EDITOR),
    "count": (anthropic.COUNT_TOKENS, anthropic.EDITOR),
}
VALUES = [
    None,
    True,
    0,
    7,
    10**30,
    0.5,
    "",
    "x",
    "text",
    "none",
    [],
    {},
    [None],
    [{}],
    {"type": None},
    {"name": []},
    ...,
]


def places(value, path=()):
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from places(inner, (*path, step))


def bodies(good):
    """`good` with each of its parts replaced by each of the values, or removed."""
    for *path, last in places(good):
        for value in VALUES:
            body = holder = copy.deepcopy(good)
            for step in path:
                holder = holder[step]
            if value is ...:
                del holder[last]
            else:
                holder[last] = value
            yield {"model": "m"} | body


TARGET = Target(name="n", provider="p", provider_model="m", dialect="openai")


def readable(ask):
    try:
        return bool(ask.prompt)
    except BadAskError:
        return False


def edited(editor, ask):
    """The ask changed in every way that is possible."""
    for text, request in (("more", None), ("more", "go on")):
        try:
            yield editor.continued(ask, text, request)
        except BadAskError:
            assert ask.kind in ("count", "completion")
    yield editor.limited(ask, 7, TARGET)
    if ask.kind in ("chat", "count"):
        yield editor.with_turns(ask, editor.turns(ask))


@pytest.mark.parametrize("kind", CLIENTS)
def test_what_passed_the_check_can_be_edited(kind):
    endpoint, editor = CLIENTS[kind]
    taken = 0
    for body in bodies(BODIES[kind]):
        try:
            ask = endpoint.read(json.dumps(body).encode(), ENVELOPE)
        except BadAskError:
            continue
        taken += 1
        assert isinstance(editor.max_tokens(ask), int | None)
        assert isinstance(editor.choices(ask), int)
        assert isinstance(editor.expects_json(ask), bool)
        assert isinstance(editor.wants_reasoning(ask), bool)
        assert [readable(changed) for changed in edited(editor, ask)].count(not readable(ask)) == 0, body
    assert taken > 20
