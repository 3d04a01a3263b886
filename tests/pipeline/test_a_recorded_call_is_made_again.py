"""A call whose bodies are on record is made again: as it was, by another model, from another version of its prompt."""

import json

import pytest

from headworks.core.errors import BadAskError
from headworks.prompts.registry.pushing import Source
from headworks.server.replays import ReplayWish
from headworks.testing import Recipe

FEATURES = "kept-whole: {model: openai, prompt: greeter, capture: bodies}\n"
FILE = "---\nvariables: {who: {type: string}}\n---\n## user\n\nGreet {{ who }}.\n"


@pytest.fixture
def house(house):
    house.add(features=FEATURES)
    registry = house.gateway.prompts
    for text in (FILE, FILE.replace("Greet", "Welcome")):
        house.run(registry.push([Source(name="greeter", source=text)], who="ann"))
    house.run(registry.move("greeter", "production", 1, who="ann"))
    yield house
    house.run(registry.unlabel("greeter", "production", who="ann"))


def made(house, path="/v1/chat/completions", **fields):
    house.fake.script([Recipe(text="Good day")])
    return house.record(house.ask({"model": "feature/kept-whole", **fields}, path=path))


def again(house, record, **wish):
    house.fake.script([Recipe(text="Hello")])
    return house.run(house.gateway._admin_rooms().replays.run(record, ReplayWish(**wish)))


def sent(house, place=-1):
    return json.loads(house.fake.calls[place].body)


def test_the_same_is_asked_of_the_same_model(house):
    record = made(house, messages=[{"role": "user", "content": "Hi"}], stream=True, temperature=0.25)
    found = again(house, record)
    assert sent(house)["messages"] == sent(house, 0)["messages"]
    assert sent(house)["temperature"] == 0.25
    assert (found.said_before, found.said_now) == ("Good day", "Hello")
    assert (found.before["model"], found.after["model"]) == ("openai", "openai")
    house.run(house.gateway.recorder.flush())
    new = house.store.get(found.trace_id)
    assert (new["tags"], new["feature"], new["org_id"]) == ({"headworks": "replay"}, "kept-whole", "acme")


def test_another_model_can_be_asked(house):
    record = made(house, messages=[{"role": "user", "content": "Hi"}])
    assert again(house, record, model="anthropic").after["model"] == "anthropic"


def test_the_version_of_then_is_used_whatever_its_label_says_now(house):
    record = made(house, variables={"who": "Ann"})
    registry = house.gateway.prompts
    house.run(registry.move("greeter", "production", 2, who="ann"))
    found = again(house, record)
    assert (found.before["prompt"], found.after["prompt"]) == ("greeter@1", "greeter@1")
    assert "Greet Ann." in json.dumps(sent(house))
    assert again(house, record, prompt="greeter@2").after["prompt"] == "greeter@2"
    assert "Welcome Ann." in json.dumps(sent(house))


def test_an_anthropic_call_is_made_again_in_its_words(house):
    house.fake.script([Recipe(text="Good day")])
    record = house.record(house.chat("anthropic", "anthropic", feature="kept-whole"))
    assert again(house, record).after["model"] == "anthropic"


def test_what_is_not_on_record_is_said(house):
    house.fake.script([Recipe(text="ok")])
    record = house.record(house.chat("openai", "openai"))
    with pytest.raises(BadAskError, match="capture: bodies"):
        again(house, record)
    whole = made(house, messages=[{"role": "user", "content": "Hi"}])
    with pytest.raises(BadAskError, match="no variables"):
        again(house, whole, prompt="greeter@2")
