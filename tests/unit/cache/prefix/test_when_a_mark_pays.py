"""What is marked, and for how long: by what was seen, and by prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.cache.prefix.economics import DOCUMENTED, Ratios, Reuse, gain, life_that_pays, ratios
from headworks.cache.prefix.minimums import least_tokens
from headworks.core.messages import Prices
from headworks.core.prefix import LIFE_S

MINUTE_S = 60
LONG = "You are a helper of few words. " * 400


def turns(*said):
    """What user and assistant said, in turn."""
    return [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(said)]


def test_a_prefix_seen_for_the_first_time_is_not_marked(traffic):
    assert traffic.lives(system=LONG) == {}


def test_a_prefix_seen_again_within_five_minutes_is_marked_for_five(traffic):
    traffic.marks(system=LONG)
    traffic.clock.advance(4 * MINUTE_S)
    assert traffic.lives(system=LONG) == {"system": "5m"}


def test_a_prefix_seen_again_within_the_hour_is_marked_for_one(traffic):
    traffic.marks(system=LONG)
    traffic.clock.advance(20 * MINUTE_S)
    assert traffic.lives(system=LONG) == {"system": "1h"}


def test_a_prefix_seen_once_a_day_is_never_marked(traffic):
    for _ in range(20):
        assert traffic.lives(system=LONG) == {}
        traffic.clock.advance(86_400)


def test_a_prefix_that_is_no_longer_used_often_is_no_longer_marked(traffic):
    for _ in range(20):
        traffic.marks(system=LONG)
        traffic.clock.advance(10)
    found = []
    for _ in range(40):
        traffic.clock.advance(2 * 3_600)
        found.append(traffic.lives(system=LONG))
    assert found[0] == {"system": "5m"}
    assert found[-1] == {}


def test_what_is_held_is_marked_as_long_as_it_is(traffic):
    traffic.marks(system=LONG)
    traffic.clock.advance(MINUTE_S)
    assert traffic.lives(system=LONG) == {"system": "5m"}
    traffic.prices["claude"] = Prices(input=1000, output=5000)  # nothing would be gained by writing it now
    traffic.clock.advance(4 * MINUTE_S)
    assert traffic.lives(system=LONG) == {"system": "5m"}
    traffic.clock.advance(6 * MINUTE_S)
    assert traffic.lives(system=LONG) == {}


def test_an_attempt_that_failed_has_written_nothing(traffic):
    traffic.marks(system=LONG)
    traffic.clock.advance(MINUTE_S)
    traffic.known(system=LONG).marks(traffic.claude)  # and nobody answered
    traffic.prices["claude"] = Prices(input=1000, output=5000)
    assert traffic.lives(system=LONG) == {}


def test_all_attempts_of_a_call_are_marked_alike_and_count_once(traffic):
    known = traffic.known(system=LONG)
    assert {known.marks(traffic.claude) for _ in range(5)} == {known.marks(traffic.claude)}
    assert known.marks(traffic.claude).system is None


def test_the_history_of_a_conversation_is_marked_at_first_sight_and_all_before_it(traffic):
    tools = [{"name": "t", "description": LONG, "input_schema": {"type": "object"}}]
    call = {"system": LONG, "messages": turns("Hello", "Hi", "And?")}
    assert traffic.lives(**call) == {"system": "5m", "history": "5m"}
    assert traffic.lives(**call, tools=tools) == {"tools": "5m", "system": "5m", "history": "5m"}


def test_conversations_that_never_go_on_are_no_longer_marked(traffic):
    found = []
    for number in range(40):
        found.append(traffic.lives(messages=turns(f"{number} {LONG}", "Hi", "And?")))
        traffic.clock.advance(MINUTE_S)
    assert found[0] == {"history": "5m"}
    assert found[-1] == {}


def test_a_conversation_with_long_pauses_is_kept_for_an_hour(traffic):
    said, found = [LONG, "Hi", "And?"], []
    for number in range(6):
        found.append(traffic.lives(messages=turns(*said)))
        said += [f"Answer {number}", f"Question {number}"]
        traffic.clock.advance(30 * MINUTE_S)
    assert found[-1] == {"history": "1h"}


def test_a_history_that_was_changed_is_not_marked_until_it_goes_on(traffic):
    said = [LONG, "a", "b", "c", "d"]
    traffic.marks(messages=turns(*said))
    traffic.clock.advance(MINUTE_S)
    slid = [said[0], *said[3:], "e", "f"]
    assert traffic.lives(messages=turns(*slid)) == {}
    traffic.clock.advance(MINUTE_S)
    assert traffic.lives(messages=turns(*slid, "g", "h")) == {"history": "5m"}


def test_documents_asked_about_again_are_marked(traffic):
    def about(question):
        source = {"type": "text", "media_type": "text/plain", "data": LONG}
        content = [{"type": "document", "source": source}, {"type": "text", "text": question}]
        return [{"role": "user", "content": content}]

    assert traffic.lives(messages=about("What is it?")) == {}
    traffic.clock.advance(MINUTE_S)
    assert traffic.lives(messages=about("Who wrote it?")) == {"documents": "5m"}


@pytest.mark.parametrize("wanted", ["other org", "other feature", "other model", "other system"])
def test_nothing_is_learned_across(traffic, wanted):
    traffic.marks(system=LONG)
    call, target = {"system": LONG}, traffic.claude
    if wanted == "other org":
        call["org"] = "other"
    elif wanted == "other feature":
        call["feature"] = "other"
    elif wanted == "other model":
        target = traffic.model("claude-x")
    else:
        call["system"] = LONG + "!"
    assert traffic.marks(target, **call).system is None


@pytest.mark.parametrize(
    "own",
    [
        {"system": [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]},
        {"system": LONG, "cache_control": {"type": "ephemeral"}},
        {
            "system": LONG,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {}}]}],
        },
        {"system": LONG, "tools": [{"name": "t", "input_schema": {}, "cache_control": {"type": "ephemeral"}}]},
    ],
)
def test_a_client_that_marks_anything_marks_all_itself(traffic, own):
    traffic.marks(system=LONG)
    assert [traffic.known(**own).marks(traffic.claude) for _ in range(3)] == [None] * 3


def test_a_text_about_marks_is_no_mark(traffic):
    talk = 'Write {"cache_control": {"type": "ephemeral"}} there. ' * 200
    traffic.marks(system=talk)
    assert traffic.lives(system=talk) == {"system": "5m"}


@pytest.mark.parametrize(
    ("letters", "model", "wanted"),
    [
        (4_200, "claude-sonnet-5-5", True),
        (4_000, "claude-sonnet-5-5", False),
        (9_000, "claude-opus-4-5", False),
        (17_000, "claude-opus-4-5-20251101", True),
        (5_000, "anthropic/claude-3-haiku", False),
    ],
)
def test_a_prefix_shorter_than_its_model_keeps_is_not_marked(traffic, letters, model, wanted):
    target = traffic.model(model)
    call = {"system": "x" * letters, "messages": turns("y" * 20_000)}
    traffic.marks(target, **call)
    assert (traffic.marks(target, **call).system is not None) is wanted


def test_short_prompts_are_not_looked_at(traffic):
    assert traffic.known(system="x" * 3_000, messages=turns("y" * 900)) is None


def test_prices_decide():
    seen_twice = Reuse(1.2, 1.2)
    assert life_that_pays(seen_twice, DOCUMENTED) == "5m"
    assert life_that_pays(seen_twice, ratios(Prices(input=1000, output=1))) is None
    free_writes = ratios(Prices(input=1000, output=1, cached=500, cache_write_5m=1000, cache_write_1h=1000))
    assert life_that_pays(Reuse(0.1, 2.0), free_writes) == "1h"
    assert ratios(None) == ratios(Prices(input=0, output=0)) == DOCUMENTED
    assert ratios(Prices(input=1000, output=1, cached=25, cache_write_5m=1250)) == Ratios(
        write_5m=1.25, write_1h=1.0, read=0.025
    )


@given(st.floats(0, 50), st.floats(0, 50), st.floats(1, 3), st.floats(1, 4), st.floats(0, 1))
def test_no_life_is_chosen_that_loses_or_that_another_beats(soon, later, write_5m, write_1h, read):
    costs = Ratios(write_5m=write_5m, write_1h=write_1h, read=read)
    gains = {"5m": gain(write_5m, read, soon), "1h": gain(write_1h, read, later), None: 0.0}
    assert gains[life_that_pays(Reuse(soon, later), costs)] == max(gains.values())


def test_every_model_has_a_least_length():
    assert least_tokens("claude-haiku-4-5-20251001") == least_tokens("vendor/claude-haiku-4.5") == 4_096
    assert least_tokens("claude-opus-4-7") == 2_048
    assert least_tokens("anything") == 1_024
    assert LIFE_S == {"5m": 300, "1h": 3_600}
