"""Calls that name a prompt, or send its variables, are built from its version; whole messages are left as they are."""

import json

import pytest

from headworks.flags.switches import SwitchWish
from headworks.prompts.registry.pushing import Source
from headworks.testing import Recipe

FILE = """---
parameters: {temperature: 0.5}
variables:
  company: {type: string, max_length: 20}
---
## system

You help customers of {{ company }}.
"""


@pytest.fixture
def house(house):
    house.add(features="help: {model: openai, prompt: helper, cache: {exact: on}}\n")
    house.empty_cache()
    registry = house.gateway.prompts
    house.run(registry.push([Source(name="helper", source=FILE)], who="ann"))
    house.run(registry.move("helper", "production", 1, who="ann"))
    yield house
    house.run(registry.unlabel("helper", "production", who="ann"))


def ask(house, path="/v1/chat/completions", model="feature/help", **fields):
    house.fake.script([Recipe(text="ok")])
    answer = house.ask({"model": model, **fields}, path=path)
    return answer, json.loads(house.fake.calls[-1].body) if answer.status == 200 and house.fake.calls else {}


def test_variables_of_a_feature_make_its_prompt(house):
    answer, sent = ask(house, variables={"company": "Acme"}, messages=[{"role": "user", "content": "Hi"}])
    assert answer.headers["x-headworks-prompt"] == "helper@1"
    assert sent["messages"][0] == {"role": "system", "content": "You help customers of Acme."}
    assert sent["messages"][-1] == {"role": "user", "content": "Hi"}
    assert (sent["temperature"], "variables" in sent, "prompt" in sent) == (0.5, False, False)
    assert house.record(answer)["prompt"] == "helper@1"


def test_an_anthropic_client_gets_the_same(house):
    answer, _ = ask(
        house,
        path="/v1/messages",
        model="anthropic",
        max_tokens=20,
        prompt={"name": "helper", "version": 1, "variables": {"company": "Acme"}},
        messages=[{"role": "user", "content": "Hi"}],
    )
    assert (answer.status, answer.headers["x-headworks-prompt"]) == (200, "helper@1")
    assert "Acme" in json.dumps(json.loads(house.fake.calls[-1].body)["system"])


def test_whole_messages_are_left_as_they_are(house):
    answer, sent = ask(house, messages=[{"role": "user", "content": "Hi"}])
    assert "x-headworks-prompt" not in answer.headers
    assert sent["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"variables": {}}, 400, "company"),
        ({"variables": {"company": "A" * 21}}, 400, "company"),
        ({"variables": {"company": "A", "town": "B"}}, 400, "town"),
        ({"prompt": {"name": "helpr", "variables": {"company": "A"}}}, 404, "helper"),
        ({"prompt": {"name": "helper", "version": 9, "variables": {"company": "A"}}}, 404, "9"),
        ({"prompt": {"name": "helper", "label": "prod", "variables": {"company": "A"}}}, 404, "production"),
    ],
)
def test_what_does_not_fit_is_named(house, fields, status, words):
    answer = house.ask({"model": "feature/help", "messages": [{"role": "user", "content": "Hi"}]} | fields)
    assert (answer.status, words in answer.error["message"]) == (status, True)
    assert len(house.fake.calls) == 0


def test_another_version_is_another_answer_for_the_cache(house):
    fields = {"variables": {"company": "Acme"}, "messages": [{"role": "user", "content": "Hi"}]}
    assert ask(house, **fields)[0].headers["x-headworks-cache"] == "miss"
    assert ask(house, **fields)[0].headers["x-headworks-cache"] == "hit-exact"
    registry = house.gateway.prompts
    house.run(registry.push([Source(name="helper", source=FILE.replace("help", "serve"))], who="ann"))
    house.run(registry.move("helper", "production", 2, who="ann"))
    answer, sent = ask(house, **fields)
    assert (answer.headers["x-headworks-cache"], answer.headers["x-headworks-prompt"]) == ("miss", "helper@2")
    assert "serve" in sent["messages"][0]["content"]
    house.run(registry.move("helper", "production", 1, who="ann"))


def test_a_version_that_is_off_is_refused(house):
    switches = house.gateway.switches
    house.run(switches.kill(SwitchWish(kind="prompt", name="helper@1", why="w"), "ann"))
    fields = {"variables": {"company": "Acme"}, "messages": [{"role": "user", "content": "Hi"}]}
    answer, _ = ask(house, **fields)
    assert (answer.status, answer.error["code"]) == (403, "feature_disabled")
    house.run(switches.revive("prompt", "helper@1", who="ann"))
    assert ask(house, **fields)[0].status == 200


def test_a_prompt_is_rendered_without_a_model(house):
    answer = house.ask({"variables": {"company": "Acme"}}, path="/v1/prompts/helper/render")
    assert answer.json["prompt"] == "helper@1"
    assert "Acme" in json.dumps(answer.json["messages"])
    assert house.ask({}, path="/v1/prompts/helper/render").status == 400
    assert house.ask({}, path="/v1/prompts/helper/render", authorization="Bearer no").status == 401
    assert len(house.fake.calls) == 0
