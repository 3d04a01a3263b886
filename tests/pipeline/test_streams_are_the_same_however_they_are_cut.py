"""The provider's bytes may arrive in any pieces: what the client hears is the same, for every pair of dialects."""

import asyncio
import itertools
import re
import urllib.request

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.testing import FakeToolCall, Recipe

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
PAIRS = list(itertools.product(CLIENTS, MODELS))
TEXT = 'Grüße aus 東京 🗼 ~ "quoted\\n" \u2028 end\r\nof it.'
CALLS = (FakeToolCall("weather", {"city": "Zürich 🏔"}), FakeToolCall("weather", {"city": "東京"}))
RECIPES = {
    "text": Recipe(text=TEXT),
    "thinking": Recipe(text=TEXT, thinking="Überlegen: 考える 🤔."),
    "tools": Recipe(tool_calls=CALLS),
}
OWN = re.compile(rb'[0-9a-f]{32}|"created":\d+|: headworks .*|\d+\.\d+')
"""What differs from call to call: ids, times, and the facts at the end."""


@pytest.fixture(scope="module")
def streams(house, replay):
    """What the double streams for each dialect and recipe, as one piece of bytes."""
    found = {}
    for model, (name, recipe) in itertools.product(MODELS, RECIPES.items()):
        house.fake.forget()
        house.fake.script([recipe])
        house.chat("openai", model, stream=True)
        (call,) = house.fake.calls
        house.fake.script([recipe])
        found[model, name] = house.run(
            asyncio.to_thread(fetch, f"{house.fake.base_url}{call.path}?{call.query}", call.body)
        )
    return found


def fetch(url: str, body: bytes) -> bytes:
    """What a POST of `body` is answered with."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def heard(house, replay, client, model, pieces, *, chunked=True):
    """All a client is sent when the provider sends `pieces`, but for what is the call's own."""
    replay.pieces, replay.chunked = pieces, chunked
    answer = house.chat(client, f"replay-{model}", stream=True)
    assert answer.status == 200, answer.body
    return OWN.sub(b"", answer.body)


def cut(stream, edges):
    """`stream` in pieces that end at `edges`; empty ones left out."""
    spans = itertools.pairwise([0, *sorted(edges), len(stream)])
    return [stream[start:end] for start, end in spans if start < end]


@pytest.mark.parametrize(("client", "model"), PAIRS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_one_byte_at_a_time_is_the_same_as_all_at_once(house, replay, streams, client, model, recipe):
    stream = streams[model, recipe]
    whole = heard(house, replay, client, model, [stream])
    assert heard(house, replay, client, model, cut(stream, range(len(stream)))) == whole
    assert heard(house, replay, client, model, cut(stream, range(0, len(stream), 7)), chunked=False) == whole


@pytest.mark.parametrize(("client", "model"), PAIRS)
def test_the_words_are_right(house, replay, streams, client, model):
    replay.pieces = cut(streams[model, "text"], range(0, 9999, 3))
    answer = house.chat(client, f"replay-{model}", stream=True)
    assert answer.text == TEXT
    assert house.record(answer)["status"] == "ok"


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize(("client", "model"), PAIRS)
def test_any_cut_gives_the_client_the_same(house, replay, streams, client, model, data):
    stream = streams[model, data.draw(st.sampled_from(sorted(RECIPES)))]
    ends = data.draw(st.sampled_from([b"\n", b"\r\n"]))
    whole = heard(house, replay, client, model, [stream])
    other = re.sub(rb"\r?\n", ends, stream)
    edges = data.draw(st.lists(st.integers(0, len(other)), max_size=30))
    same = heard(house, replay, client, model, cut(other, edges), chunked=data.draw(st.booleans()))
    assert same.replace(b"\r\n", b"\n") == whole.replace(b"\r\n", b"\n")


@settings(max_examples=30, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize(("client", "model"), PAIRS)
def test_comments_and_pings_between_events_change_nothing(house, replay, streams, client, model, data):
    stream = streams[model, "tools"].replace(b"\r\n", b"\n")
    events = [event + b"\n\n" for event in stream.split(b"\n\n") if event]
    places = data.draw(st.sets(st.integers(0, len(events) - 1), max_size=4))
    loud = b"".join((b": still here\n\n" if at in places else b"") + event for at, event in enumerate(events))
    whole = heard(house, replay, client, model, [stream])
    # The blank line behind a comment is left out, or SDKs would take it for an event (server/streams/numbers.py).
    assert heard(house, replay, client, model, [loud]).replace(b": still here\n", b"") == whole
