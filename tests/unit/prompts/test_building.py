"""A call that names a prompt becomes one that a client could have sent; any other stays as it is."""

import json

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Route, Target
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope
from headworks.prompts.rendering import render_answer
from headworks.prompts.room import Prompts, complaint
from headworks.testing import FakeBoard

ENVELOPE = Envelope(trace_id="t", headers={}, created=0)
ROUTE = Route(feature="support", query_type="q", targets=(), prompt="bot")
FULL = """---
parameters: {temperature: 0.5, max_tokens: 300, stop: [END], reasoning_effort: low, tool_choice: look,
  parallel_tool_calls: false}
variables: {name: string, photo: {type: image, required: false}}
output: {name: sorted, schema: {type: object}, strict: true}
tools:
- {name: look, description: Looks., parameters: {type: object}}
---
## system
You help.
## user
I am {{ name }}.{{ photo }}
"""


@pytest.fixture
async def prompts(desk):
    await desk.push(bot=FULL, short="---\nvariables: {name: string}\n---\nHi {{ name }}", sys="## system\nOnly.")
    for name in ("bot", "short", "sys"):
        await desk.registry.move(name, "production", 1, who="ann")
    return Prompts(desk.registry)


def build(prompts, endpoint, body, route=ROUTE):
    ask = endpoint.read(json.dumps({"model": "m"} | body).encode(), ENVELOPE)
    built, planned = prompts.build(ask, route)
    return msgspec.json.decode(msgspec.json.encode(built.fields)), built, planned


def test_a_call_without_prompt_or_variables_is_left_as_it_is(prompts):
    body = b'{"model":"m","messages":[{"role":"user","content":"{{ x }}"}],"temperature":1}'
    for endpoint in (openai.CHAT, anthropic.COUNT_TOKENS):
        ask = endpoint.read(body, ENVELOPE)
        assert prompts.build(ask, ROUTE) == (ask, ROUTE)
        assert prompts.build(ask, ROUTE)[0] is ask


def test_the_prompt_of_a_completion_is_its_own(prompts):
    ask = openai.COMPLETIONS.read(b'{"model":"m","prompt":"## system"}', ENVELOPE)
    assert prompts.build(ask, ROUTE)[0] is ask
    ask = openai.COMPLETIONS.read(b'{"model":"m","prompt":"x","variables":{"a":1}}', ENVELOPE)
    assert prompts.build(ask, ROUTE)[0] is ask


def test_a_field_of_some_server_that_is_called_prompt_is_left_as_it_is(prompts):
    ask = openai.CHAT.read(b'{"model":"m","messages":[{"role":"user","content":"x"}],"prompt":"p"}', ENVELOPE)
    assert prompts.build(ask, ROUTE)[0] is ask


def test_variables_go_into_the_prompt_of_the_feature(prompts):
    fields, built, route = build(prompts, openai.CHAT, {"variables": {"name": "Ann"}})
    assert fields == {
        "model": "m",
        "messages": [{"role": "system", "content": "You help."}, {"role": "user", "content": "I am Ann."}],
        "temperature": 0.5,
        "max_tokens": 300,
        "stop": ["END"],
        "reasoning_effort": "low",
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
        "tools": [
            {
                "type": "function",
                "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object"}},
            }
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "sorted", "schema": {"type": "object"}, "strict": True},
        },
    }
    assert route.versions.prompt == "bot@1"
    assert built.prompt.tools[0].name == "look"
    assert built.prompt.output is not None


def test_the_same_prompt_in_the_words_of_anthropic(prompts):
    fields, built, route = build(prompts, anthropic.MESSAGES, {"variables": {"name": "Ann"}})
    assert fields == {
        "model": "m",
        "system": "You help.",
        "messages": [{"role": "user", "content": "I am Ann."}],
        "temperature": 0.5,
        "max_tokens": 300,
        "stop_sequences": ["END"],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
        "tools": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}],
    }
    assert route.versions.prompt == "bot@1"
    assert built.prompt.messages[0].role == "system"


def test_the_same_prompt_means_the_same_in_both_dialects(prompts):
    one = build(prompts, openai.CHAT, {"variables": {"name": "Ann"}})[1].prompt
    two = build(prompts, anthropic.MESSAGES, {"variables": {"name": "Ann"}})[1].prompt
    same = ("messages", "temperature", "max_tokens", "stop", "parallel_tools", "tool_choice", "extra")
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]


def test_what_the_client_says_itself_stands_and_its_messages_follow(prompts):
    body = {
        "variables": {"name": "Ann"},
        "temperature": 1,
        "max_completion_tokens": 5,
        "tools": [],
        "messages": [{"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Help."}],
    }
    fields, _, _ = build(prompts, openai.CHAT, body)
    assert (fields["temperature"], fields["max_completion_tokens"], fields["tools"]) == (1, 5, [])
    assert "max_tokens" not in fields
    assert [message["content"] for message in fields["messages"]] == ["You help.", "I am Ann.", "Hello.", "Help."]


def test_anthropics_system_prompt_of_the_client_follows_that_of_the_prompt(prompts):
    fields, _, _ = build(
        prompts,
        anthropic.MESSAGES,
        {"variables": {"name": "Ann"}, "system": 'Be "brief".', "output_config": {"effort": "high"}},
    )
    assert fields["system"] == [{"type": "text", "text": "You help."}, {"type": "text", "text": 'Be "brief".'}]
    assert fields["output_config"]["effort"] == "high"
    assert "format" in fields["output_config"]
    blocks = [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]
    fields, _, _ = build(prompts, anthropic.MESSAGES, {"variables": {"name": "Ann"}, "system": blocks})
    assert fields["system"] == [{"type": "text", "text": "You help."}, *blocks]


def test_a_limit_is_named_as_the_first_target_wants_it(prompts):
    target = Target(
        name="a",
        provider="p",
        provider_model="m",
        dialect="openai",
        capabilities=frozenset(["chat", "max_completion_tokens"]),
    )
    route = msgspec.structs.replace(ROUTE, targets=(target,))
    fields, _, _ = build(prompts, openai.CHAT, {"variables": {"name": "Ann"}}, route)
    assert fields["max_completion_tokens"] == 300
    assert "max_tokens" not in fields


def test_pictures_become_parts(prompts):
    body = {"variables": {"name": "Ann", "photo": "data:image/png;base64,iVBORw0KGgo="}}
    fields, _, _ = build(prompts, openai.CHAT, body)
    url = body["variables"]["photo"]
    assert fields["messages"][1]["content"] == [
        {"type": "text", "text": "I am Ann."},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    fields, _, _ = build(prompts, anthropic.MESSAGES, body)
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert fields["messages"][0]["content"][1] == {"type": "image", "source": source}
    body["variables"]["photo"] = "https://a.example/1.png"
    fields, _, _ = build(prompts, anthropic.MESSAGES, body)
    assert fields["messages"][0]["content"][1]["source"] == {"type": "url", "url": "https://a.example/1.png"}


def test_a_count_of_tokens_is_built_without_what_it_does_not_take(prompts):
    fields, _, route = build(prompts, anthropic.COUNT_TOKENS, {"variables": {"name": "Ann"}})
    assert set(fields) == {"model", "system", "messages", "tools", "tool_choice", "output_config"}
    assert route.versions.prompt == "bot@1"


def test_a_call_may_name_its_prompt_its_version_and_its_label(prompts):
    for prompt in ({"name": "short"}, {"name": "short", "version": 1}, {"name": "short", "label": "production"}):
        fields, _, route = build(prompts, openai.CHAT, {"prompt": prompt | {"variables": {"name": "A"}}})
        assert fields["messages"] == [{"role": "user", "content": "Hi A"}]
        assert route.versions.prompt == "short@1"
    _, _, route = build(prompts, openai.CHAT, {"prompt": {"version": 1}, "variables": {"name": "A"}})
    assert route.versions.prompt == "bot@1"


@pytest.mark.parametrize(
    ("body", "code", "complaint"),
    [
        ({"prompt": {"name": "shrt"}}, "unknown_prompt", "There is no prompt `shrt`. Did you mean `short`?"),
        (
            {"prompt": {"name": "short", "label": "prod"}},
            "unknown_label",
            "The prompt `short` has no label `prod`. Did you",
        ),
        ({"prompt": {"name": "short", "version": 9}}, "unknown_version", "The prompt `short` has no version 9"),
        ({"prompt": {"name": "short", "version": 0}}, "invalid_request", "`prompt`: Expected `int` >= 1"),
        (
            {"prompt": {"name": "short", "version": 1, "label": "a"}},
            "invalid_request",
            "`prompt`: give `version` or `label`",
        ),
        ({"prompt": {"nam": "short"}}, "invalid_request", "`prompt`: Object contains unknown field `nam`"),
        (
            {"prompt": {"variables": {}}, "variables": {}},
            "invalid_request",
            "Send `variables` or `prompt.variables`, not both.",
        ),
        ({"prompt": "short", "variables": {}}, "invalid_request", "`prompt`: expected an object"),
        ({"prompt": {"name": "../x"}}, "invalid_request", "`../x` cannot be the name of a prompt"),
        ({"variables": [1]}, "invalid_request", "`variables`: expected an object"),
        ({"variables": {}}, "invalid_request", "`variables.name`: it is missing"),
        ({"variables": {"name": "A", "x": 1}}, "invalid_request", "`variables.x`: the prompt has no such variable."),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(prompts, body, code, complaint):
    with pytest.raises(BadAskError) as raised:
        build(prompts, openai.CHAT, body)
    assert raised.value.message.startswith(complaint)
    assert raised.value.code == code


def test_variables_for_a_feature_without_prompt_are_refused(prompts):
    route = Route(feature="chat", query_type="q", targets=())
    with pytest.raises(BadAskError, match="The feature `chat` has no prompt to put variables into"):
        build(prompts, openai.CHAT, {"variables": {}, "messages": [{"role": "user", "content": "x"}]}, route)


async def test_what_a_dialect_cannot_say_is_refused_by_its_name(desk):
    await desk.push(
        a="---\nparameters: {seed: 1, max_tokens: 1}\n---\nx", b="---\nparameters: {top_k: 1}\n---\nx", c="x"
    )
    prompts = Prompts(desk.registry)
    with pytest.raises(BadAskError, match="`seed` has no counterpart in the Anthropic dialect"):
        build(prompts, anthropic.MESSAGES, {"prompt": {"name": "a", "version": 1}})
    with pytest.raises(BadAskError, match="`top_k` has no counterpart in the OpenAI dialect"):
        build(prompts, openai.CHAT, {"prompt": {"name": "b", "version": 1}})
    with pytest.raises(BadAskError, match="`max_tokens` is missing: neither"):
        build(prompts, anthropic.MESSAGES, {"prompt": {"name": "c", "version": 1}})


def test_anthropic_needs_a_message_of_the_user(prompts):
    with pytest.raises(BadAskError, match="no message of the user"):
        build(prompts, anthropic.MESSAGES, {"prompt": {"name": "sys"}, "max_tokens": 5})


@pytest.mark.parametrize("endpoint", [openai.CHAT, anthropic.MESSAGES, anthropic.COUNT_TOKENS])
def test_messages_may_be_left_out_only_where_a_prompt_is_named(endpoint):
    whole = {"model": "m", "max_tokens": 1}
    for body, sentence in [
        ({}, "required field `messages`"),
        ({"messages": []}, "length >= 1"),
        ({"prompt": "x"}, "required field"),
    ]:
        with pytest.raises(BadAskError, match=sentence) as raised:
            endpoint.read(json.dumps(whole | body).encode(), ENVELOPE)
        assert raised.value.param == "messages"
    for body in ({"prompt": {}}, {"variables": {}}, {"variables": {}, "messages": []}):
        assert endpoint.read(json.dumps(whole | body).encode(), ENVELOPE).prompt.messages == ()


def test_a_message_to_anthropic_may_leave_out_its_limit_only_where_a_prompt_is_named():
    for limit in ({}, {"max_tokens": None}):
        with pytest.raises(BadAskError, match="max_tokens"):
            anthropic.MESSAGES.read(
                json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}]} | limit).encode(), ENVELOPE
            )


def test_the_beginning_is_the_same_bytes_for_every_user(prompts):
    names = ["Ann", "Bea", "## system", '"}]']
    for endpoint in (openai.CHAT, anthropic.MESSAGES):
        bodies = []
        for name in names:
            ask = endpoint.read(json.dumps({"model": "m", "variables": {"name": name}}).encode(), ENVELOPE)
            bodies.append(msgspec.json.encode(prompts.build(ask, ROUTE)[0].fields))
        stands = bodies[0].index(b"I am ") + len(b"I am ")
        assert len({body[:stands] for body in bodies}) == 1


def test_a_prompt_is_rendered_without_a_call(prompts):
    found = json.loads(render_answer(prompts, "short", b'{"variables":{"name":"Ann"}}'))
    assert found == {"prompt": "short@1", "messages": [{"role": "user", "content": "Hi Ann"}]}
    found = json.loads(render_answer(prompts, "bot", b'{"variables":{"name":"Ann"},"version":1,"dialect":"anthropic"}'))
    assert (found["prompt"], found["system"], found["max_tokens"]) == ("bot@1", "You help.", 300)
    found = json.loads(render_answer(prompts, "short", b'{"variables":{"name":"Ann"},"dialect":"anthropic"}'))
    assert "max_tokens" not in found


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"{", "The body must be a JSON object."),
        (b'{"variables":{"a":' + b"[" * 100_000, "The body must be a JSON object."),
        (b"\xff", "The body must be a JSON object."),
        (b"[]", "The body: Expected `object`"),
        (b'{"variable":{}}', "The body: Object contains unknown field `variable`"),
        (b'{"version":1,"label":"a"}', "Give `version` or `label`, not both."),
        (b"", "`variables.name`: it is missing"),
        (b'{"variables":{"name":"\\ud800"}}', "The body"),
    ],
)
def test_a_body_to_render_that_is_wrong_is_refused(prompts, body, complaint):
    with pytest.raises(BadAskError) as raised:
        render_answer(prompts, "short", body)
    assert raised.value.message.startswith(complaint)


async def test_a_prompt_that_a_feature_names_and_is_not_there_is_told(desk):
    await desk.push(bot=FULL)
    assert complaint(desk.registry, "bot") is not None
    assert complaint(desk.registry, "bot@1") is None
    assert isinstance(desk.board, FakeBoard)
