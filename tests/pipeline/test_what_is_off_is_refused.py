"""Kill switches, at every grain: what is off does not begin, running answers end in-band where that is asked for."""

import asyncio

import pytest

from headworks.core.limits import Limit
from headworks.flags.switches import SwitchWish
from headworks.identity.records import KeySpec
from headworks.testing import Recipe

BODY = {"model": "openai", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello there"}]}
TOOLS = [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object", "properties": {}}}}]
SLOW = Recipe(text=" ".join(f"word{number}." for number in range(200)), tokens_per_second=200.0)


@pytest.fixture
def flip(house):
    """Switches things off; all is on again afterwards."""
    switches = house.gateway.switches

    def kill(kind, name="", **more):
        return house.run(switches.kill(SwitchWish(kind=kind, name=name, why="it misbehaves", **more), "ann"))

    yield kill
    for one in switches.standing():
        house.run(switches.revive(one.kind, one.name, who="ann"))


def refused(answer, code="feature_disabled"):
    assert (answer.status, answer.error["code"], answer.headers["x-should-retry"]) == (403, code, "false")
    return answer.error["message"]


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("all", "", "Everything"),
        ("feature", "kept", "The feature `kept`"),
        ("org", "acme", "The organisation `acme`"),
        ("user", "u1", "The user `u1`"),
        ("model", "openai", "The model `openai`"),
        ("model", "my-oai", "The model `my-oai`"),
        ("provider", "oai", "The provider `oai`"),
        ("tool", "pay", "The tool `pay`"),
    ],
)
def test_what_is_off_is_refused_by_name_and_only_that(house, flip, kind, name, words):
    flip(kind, name)
    body = BODY | {"user": "u1", "tools": TOOLS}
    answer = house.ask(body, x_headworks_feature="kept")
    assert words in refused(answer)
    assert "misbehaves" not in answer.error["message"]
    assert len(house.fake.calls) == 0
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("refused", "feature_disabled")
    if kind != "all":
        key = house.gateway.keys.create(KeySpec(name="other", org="other"), actor="test").key
        other = {"model": "anthropic", "messages": BODY["messages"]}
        house.fake.script([Recipe(text="ok")])
        assert house.ask(other, authorization=f"Bearer {key}").text == "ok"


def test_an_anthropic_client_is_told_in_its_own_shape(house, flip):
    flip("feature", "default")
    answer = house.chat("anthropic", "anthropic")
    assert answer.status == 403
    assert answer.error["type"] == "permission_error"


def test_a_model_that_is_off_gives_way_to_its_fallback(house, flip):
    flip("model", "first")
    house.fake.script([Recipe(text="from the second")])
    answer = house.ask(BODY | {"model": "first"})
    assert (answer.text, answer.headers["x-headworks-model"]) == ("from the second", "second")
    flip("provider", "ant")
    house.fake.script([Recipe(text="from the third")])
    assert house.ask(BODY | {"model": "first"}).headers["x-headworks-model"] == "third"


def test_the_cache_of_a_feature_can_be_off(house, flip):
    house.add(features="saved: {model: openai, cache: {exact: on}}")
    house.empty_cache()
    house.fake.script([Recipe(text="one"), Recipe(text="two"), Recipe(text="three")])
    asked = BODY | {"model": "feature/saved"}
    assert house.ask(asked).headers["x-headworks-cache"] == "miss"
    assert house.ask(asked).headers["x-headworks-cache"] == "hit-exact"
    flip("cache", "saved")
    answer = house.ask(asked)
    assert (answer.headers["x-headworks-cache"], answer.text) == ("off", "two")
    house.run(house.gateway.switches.revive("cache", "saved", who="ann"))
    assert house.ask(asked).headers["x-headworks-cache"] == "hit-exact"


def test_a_running_stream_goes_on_unless_it_is_to_end_now(house, flip):
    async def story():
        visit = house.visit(BODY | {"stream": True})
        await visit.until(b"word")
        await house.gateway.switches.kill(SwitchWish(kind="model", name="openai", why="w"), "ann")
        await visit.until(b"9.")  # it goes on
        assert not visit.task.done()
        await house.gateway.switches.kill(SwitchWish(kind="model", name="openai", why="w", now=True), "ann")
        async with asyncio.timeout(5):
            await visit.task
        return visit.answer

    house.fake.script([SLOW])
    answer = house.run(story())
    assert answer.status == 200
    assert b'"feature_disabled"' in answer.body
    assert b'finish_reason":"stop"' not in answer.body
    record = house.record(answer)
    assert (record["status"], record["error_code"]) == ("refused", "feature_disabled")
    assert house.at_rest()
    flip("model", "openai")


def test_what_was_used_before_the_end_is_settled(house, flip):
    made = house.gateway.keys.create(
        KeySpec(name="limited", org="acme", limits=(Limit("usd", "month", 10**9),)), actor="test"
    )

    async def story():
        visit = house.visit(BODY | {"stream": True}, authorization=f"Bearer {made.key}")
        await visit.until(b"word")
        await house.gateway.switches.kill(SwitchWish(kind="org", name="acme", why="w", now=True), "ann")
        await visit.task
        return visit.answer

    house.fake.script([SLOW])
    answer = house.run(story())
    cost = house.record(answer)["cost_nano"]
    assert cost > 0
    found = house.run(house.gateway._treasury.accounts.listed(1000))
    balances = [balance for name, balance in found if name.startswith(f"usd|key|{made.id}|")]
    assert [(balance.spent, balance.reserved) for balance in balances] == [(cost, 0)]
    flip("org", "acme")


def test_a_call_that_waits_for_its_provider_ends_now_too(house, flip):
    async def story():
        visit = house.visit(BODY)
        await house.fake.until(lambda: len(house.fake.calls) == 1)
        await house.gateway.switches.kill(SwitchWish(kind="all", name="all", why="w", now=True), "ann")
        await visit.task
        return visit.answer

    house.fake.script([Recipe(silence_s=30.0)])
    refused(house.run(story()))
    assert house.at_rest()
    flip("all")


def test_a_call_that_ended_is_not_touched_by_a_later_switch(house, flip):
    house.fake.script([Recipe(text="ok")])
    assert house.ask(BODY).text == "ok"
    assert house.gateway._calls.calls == set()
    flip("all", now=True)
    refused(house.ask(BODY))
    assert house.gateway._calls.calls == set()
