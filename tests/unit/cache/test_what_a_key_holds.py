"""The key of a call: equal for equal asks, different for any difference that could change the answer."""

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.admission.grounds import Grounds
from headworks.cache.key import CARRIERS, HOSTED, Key, Reader, Reading, key_of
from headworks.core.caching import Caching
from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Route, Target, Versions
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Envelope

ENVELOPE = Envelope(trace_id="0" * 32, headers={}, created=0)
TARGET = Target(name="fast", provider="oai", provider_model="m-1", dialect="openai")
ROUTE = Route(feature="bot", query_type="feature", targets=(TARGET,))
CACHED = Caching(exact=True)
WEATHER = {"name": "weather", "description": "Of a town.", "parameters": {"type": "object", "properties": {}}}
CHAT: dict[str, Any] = {
    "model": "fast",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello.", "tool_calls": None},
        {"role": "user", "content": "What is the capital of France?"},
    ],
    "temperature": 0.5,
    "max_tokens": 100,
    "top_p": 0.9,
    "stop": ["END"],
    "seed": 3,
    "tools": [{"type": "function", "function": WEATHER}],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "x": 1}}},
}
PLAIN: dict[str, Any] = {"model": "fast", "messages": CHAT["messages"], "max_tokens": 100, "temperature": 0.5}
SAME_OF_ANTHROPIC: dict[str, Any] = {
    "model": "fast",
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "Hello."}]},
        {"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]},
    ],
    "max_tokens": 100,
    "temperature": 0.5,
    "stream": True,
}


def ask_of(body: dict[str, Any] | bytes, dialect: str = "openai") -> Ask:
    endpoint = openai.CHAT if dialect == "openai" else anthropic.MESSAGES
    ask = endpoint.read(body if isinstance(body, bytes) else json.dumps(body).encode(), ENVELOPE)
    ask.org_id = "acme"
    return ask


def reader() -> Reader:
    return Reader({"openai": openai.EDITOR.plain, "anthropic": anthropic.EDITOR.plain})


def read(body: dict[str, Any] | bytes, dialect: str = "openai") -> Reading:
    reading = reader().read(ask_of(body, dialect))
    assert reading is not None
    return reading


def key(ask: Ask, route: Route = ROUTE, caching: Caching = CACHED) -> Key | None:
    reading, base = reader().read(ask), Grounds().of(ask, route, caching)
    return None if reading is None or base is None else key_of(base, reading)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a body can be changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, part in inner for place in leaves(part, (*path, name)))]


def changed(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """A copy in which what stands at `path` is another; objects get a field that nobody knows."""
    body = copy.deepcopy(body)
    holder: Any = body
    for step in path[:-1]:
        holder = holder[step]
    value = holder[path[-1]] if path else body
    if isinstance(value, dict):
        value["unheard_of"] = 1
    elif isinstance(value, list):
        value.append(copy.deepcopy(value[-1]))
    elif isinstance(value, bool) or value is None:
        holder[path[-1]] = "x"
    elif isinstance(value, int | float):
        holder[path[-1]] = value + (1 if isinstance(value, int) else 0.01)
    else:
        holder[path[-1]] = _other(value)
    return body


def _other(word: str) -> str:
    known = {"assistant": "user", "system": "user", "user": "assistant", "auto": "none"}
    return known.get(word, word + " more")


@pytest.mark.parametrize("path", leaves(CHAT), ids=str)
def test_a_change_anywhere_is_another_key(path):
    if path[:1] == ("model",):
        return  # the route holds what answers
    try:
        other = ask_of(changed(CHAT, path))
    except BadAskError:
        return  # no request at all
    assert reader().read(other) is not None
    assert key(other) != key(ask_of(CHAT))


@pytest.mark.parametrize("path", leaves(SAME_OF_ANTHROPIC), ids=str)
def test_so_it_is_in_the_other_dialect(path):
    if path[:1] in (("model",), ("stream",)) or path[-1:] == ("cache_control",) or path[-2:-1] == ("cache_control",):
        return
    try:
        other = ask_of(changed(SAME_OF_ANTHROPIC, path), "anthropic")
    except BadAskError:
        return
    assert key(other) != key(ask_of(SAME_OF_ANTHROPIC, "anthropic"))


def test_both_dialects_say_the_same():
    one, other = ask_of(PLAIN), ask_of(SAME_OF_ANTHROPIC, "anthropic")
    assert key(one) == key(other)
    assert key(one) is not None


def test_what_is_not_plain_is_kept_apart_by_dialect():
    body = {"model": "fast", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}], "unheard_of": 1}
    assert key(ask_of(body)) != key(ask_of(body, "anthropic"))


@pytest.mark.parametrize("name", sorted(CARRIERS - {"model"}))
def test_how_a_request_travels_is_no_part_of_it(name):
    said = {
        "metadata": {"user_id": "u"},
        "stream": True,
        "stream_options": {"include_usage": True},
        "store": False,
    }.get(name, "x")
    assert key(ask_of({**CHAT, name: said})) == key(ask_of(CHAT))


def shuffled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", [{"indent": 3}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_the_order_of_keys_and_white_space_of_json_do_not_matter(form):
    body = {**CHAT, "messages": [*CHAT["messages"][:-1], {"role": "user", "content": "Wo ist Köln?\n"}]}
    assert read(json.dumps(shuffled(body), **form).encode()) == read(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(one=JSON, other=JSON)
def test_two_values_of_an_unknown_field_have_one_key_only_when_they_are_equal(one, other):
    def whole(value: Any) -> bytes:
        return read({**PLAIN, "unheard_of": value}).whole

    def form(value: Any) -> bytes:
        return msgspec.json.encode(value, order="deterministic")

    assert (whole(one) == whole(other)) == (form(one) == form(other))


@given(words=st.text(max_size=60), more=st.text(min_size=1, max_size=20))
def test_a_word_more_is_another_question_under_the_same_partition(words, more):
    def asked(text: str) -> Reading:
        return read({**PLAIN, "messages": [*PLAIN["messages"][:-1], {"role": "user", "content": text}]})

    one, other = asked(words), asked(words + more)
    assert (one.question, other.question) == (words, words + more)
    assert one.before == other.before
    assert one.whole != other.whole


@pytest.mark.parametrize("at", [0, 1, 2])
def test_an_earlier_turn_or_the_system_prompt_is_another_partition(at):
    messages = copy.deepcopy(PLAIN["messages"])
    messages[at]["content"] += "."
    assert read({**PLAIN, "messages": messages}).before != read(PLAIN).before


def test_a_question_that_ends_where_an_instruction_began_is_not_the_same():
    one = [{"role": "system", "content": "ab"}, {"role": "user", "content": "c"}]
    other = [{"role": "system", "content": "a"}, {"role": "user", "content": "bc"}]
    first, second = (read({**PLAIN, "messages": messages}) for messages in (one, other))
    assert first.whole != second.whole
    assert first.before != second.before


TURNS = [
    {"role": "user", "content": "Weather?"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "ID", "type": "function", "function": {"name": "weather", "arguments": "ARGS"}}],
    },
    {"role": "tool", "tool_call_id": "ID", "content": "Rain."},
]


def conversation(call_id: str, arguments: str) -> dict[str, Any]:
    text = json.dumps({"model": "fast", "messages": TURNS})
    return json.loads(text.replace('"ID"', json.dumps(call_id)).replace('"ARGS"', json.dumps(arguments)))


def test_ids_of_tool_calls_and_white_space_of_their_arguments_mean_nothing():
    one, other = conversation("call_1", '{"a": 1, "b": 2}'), conversation("call_x", '{"b":2,"a":1}')
    assert read(one) == read(other)
    assert read(one) != read(conversation("call_1", '{"a": 1, "b": 3}'))


def test_a_key_said_twice_is_sent_as_it_was_read():
    doubled = b'{"model":"fast","messages":[{"role":"user","content":"one","content":"two"}],"max_tokens":1e2}'
    ask = ask_of(doubled.replace(b"1e2", b"100"))
    again = ask_of(doubled.replace(b"1e2", b"100"))
    shared = reader()
    assert shared.read(ask) == shared.read(again)
    for body in (ask, again):
        assert bytes(body.fields["messages"]) == b'[{"role":"user","content":"two"}]'


def test_bytes_that_say_just_their_values_stay_as_they_were_sent():
    body = json.dumps(CHAT, separators=(",", ":"), ensure_ascii=False).encode()
    ask = ask_of(body)
    before = dict(ask.fields)
    reader().read(ask)
    assert all(ask.fields[name] is raw for name, raw in before.items())


def test_the_house_s_side_of_the_key():
    ask = ask_of(PLAIN)
    known = {key(ask)}
    other_target = msgspec.structs.replace(TARGET, provider_model="m-2")
    for route in (
        msgspec.structs.replace(ROUTE, feature="other"),
        msgspec.structs.replace(ROUTE, targets=(other_target,)),
        msgspec.structs.replace(ROUTE, targets=(TARGET, other_target)),
        msgspec.structs.replace(ROUTE, query_type="code"),
        msgspec.structs.replace(ROUTE, versions=Versions(prompt="bot@2")),
        msgspec.structs.replace(ROUTE, versions=Versions(corpus="bot@2")),
        msgspec.structs.replace(ROUTE, versions=Versions(safety="bot@2")),
    ):
        known.add(key(ask, route))
    ask.org_id = "other"
    known.add(key(ask))
    ask.user_id = "ann"
    known.add(key(ask, ROUTE, Caching(exact=True, scope="user")))
    ask.user_id = "bob"
    known.add(key(ask, ROUTE, Caching(exact=True, scope="user")))
    known.add(key(ask, ROUTE, Caching(exact=True, scope="public")))
    assert len(known) == 12
    assert None not in known


def test_without_an_end_user_nothing_is_shared_among_users():
    ask = ask_of(PLAIN)
    assert key(ask, ROUTE, Caching(exact=True, scope="user")) is None


def test_one_memo_serves_many_routes():
    grounds, ask = Grounds(), ask_of(PLAIN)
    made = [Route(feature=f"f{n}", query_type="q", targets=(TARGET,)) for n in range(5000)]
    first = [grounds.of(ask, route, CACHED) for route in made]
    assert [grounds.of(ask, route, CACHED) for route in made] == first
    assert len(set(first)) == len(made)


def test_a_tool_of_the_provider_s_own_counts_as_one_nobody_knows():
    body = {**PLAIN, "tools": [{"type": "web_search"}]}
    assert read(body).tools == {HOSTED}
    assert read(CHAT).tools == {"weather"}
