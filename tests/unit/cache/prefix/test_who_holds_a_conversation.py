"""Which key a conversation is asked over, whom it begins with, and under which name its prefix is kept."""

import msgspec
import pytest

from headworks.core.messages import Prices, Route, Target

LONG = "You are a helper of few words. " * 400
FIRST = Target(name="first", provider="one", provider_model="m", dialect="openai")
SECOND = Target(name="second", provider="two", provider_model="m", dialect="openai")
DEAR = Prices(input=1000, output=5000, cached=900)
CHEAP = Prices(input=1000, output=5000, cached=100)
ROUTE = Route(feature="f", query_type="q", targets=(FIRST, SECOND))


def chat(*said):
    roles = ("user", "assistant")
    turns = [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]
    return {"messages": [{"role": "system", "content": LONG}, *turns]}


@pytest.fixture
def moved(traffic):
    """A conversation that the fallback has answered."""
    traffic.prices = {"first": DEAR, "second": CHEAP}
    known = traffic.known("openai", targets=ROUTE.targets, **chat("Hello"))
    assert known.begin_at(ROUTE) == 0
    known.landed(1, SECOND)
    return traffic


def begins_at(traffic, *said):
    return traffic.known("openai", targets=ROUTE.targets, **chat(*said)).begin_at(ROUTE)


def test_a_conversation_stays_with_the_fallback_that_holds_it(moved):
    assert begins_at(moved, "Hello", "Hi", "And?") == 1
    assert begins_at(moved, "Another one") == 0


def test_until_its_prefix_is_forgotten(moved):
    moved.clock.advance(299)
    assert begins_at(moved, "Hello", "Hi", "And?") == 1
    moved.clock.advance(2)
    assert begins_at(moved, "Hello", "Hi", "And?") == 0


def test_or_the_first_has_answered_again(moved):
    moved.known("openai", targets=ROUTE.targets, **chat("Hello", "Hi", "And?")).landed(0, FIRST)
    assert begins_at(moved, "Hello", "Hi", "And?", "So", "Yes?") == 0


@pytest.mark.parametrize(
    "there",
    [None, Prices(input=1000, output=5000), Prices(input=2000, output=5000, cached=1100), Prices(input=1, output=6000)],
)
def test_and_only_where_that_costs_less(moved, there):
    moved.prices["second"] = there
    assert begins_at(moved, "Hello", "Hi", "And?") == 0


def test_and_only_while_its_route_has_that_model(moved):
    known = moved.known("openai", targets=ROUTE.targets, **chat("Hello", "Hi", "And?"))
    third = Target(name="third", provider="three", provider_model="m", dialect="openai")
    assert known.begin_at(msgspec.structs.replace(ROUTE, targets=(FIRST, third))) == 0
    assert known.begin_at(msgspec.structs.replace(ROUTE, targets=(FIRST,))) == 0


def test_all_calls_of_a_conversation_have_one_affinity(traffic):
    said = ["Hello", "Hi", "And?", "So", "Yes?"]
    found = {traffic.known("openai", **chat(*said[:length])).affinity for length in (1, 3, 5)}
    assert len(found) == 1
    assert traffic.known("openai", **chat("Good morning")).affinity not in found


def test_a_session_is_one_conversation_whatever_it_says(traffic):
    one = traffic.known("openai", session="s", **chat("Hello")).affinity
    assert traffic.known("openai", session="s", **chat("Something else")).affinity == one
    assert traffic.known("openai", session="t", **chat("Hello")).affinity != one
    assert traffic.known("openai", session="s", org="other", **chat("Hello")).affinity != one


def test_a_clients_own_marks_leave_the_conversation_where_it_is(traffic):
    call = chat("Hello") | {"prompt_cache_key": "mine"}
    known = traffic.known("openai", **call)
    assert known.marks(traffic.gpt) is None
    assert known.affinity == traffic.known("openai", **chat("Hello")).affinity


def key(traffic, dialect="openai", **call):
    return traffic.marks(traffic.gpt, dialect, **call).key


def test_prompts_that_begin_alike_are_kept_under_one_name(traffic):
    name = key(traffic, **chat("Hello"))
    assert name == key(traffic, **chat("Something else")) == key(traffic, **chat("Hello", "Hi", "And?"))
    assert len(name) <= 64
    assert "Hello" not in name
    others = [
        {"messages": chat("Hello")["messages"], "tools": [{"type": "function", "function": {"name": "t"}}]},
        chat("Hello") | {"org": "other"},
        chat("Hello") | {"feature": "other"},
    ]
    assert len({name, *(key(traffic, **other) for other in others)}) == 4


def test_the_name_is_the_same_in_every_process(traffic):
    assert key(traffic, **chat("Hello")) == "hw-d1ce1f838b24029930cab1361ed16ec2"


def test_a_prefix_that_is_used_very_often_has_several_names_and_a_conversation_one_of_them(traffic):
    names = []
    for number in range(400):
        names.append(key(traffic, **chat(f"Question {number % 40}")))
        traffic.clock.advance(0.5)
    last = names[-40:]
    assert 4 <= len(set(last)) <= 8
    assert names[-80:-40] == last


def test_a_model_that_is_told_nothing_is_told_nothing(traffic):
    marks = traffic.marks(FIRST, "openai", **chat("Hello"))
    assert (marks.key, marks.system, marks.history) == (None, None, None)
