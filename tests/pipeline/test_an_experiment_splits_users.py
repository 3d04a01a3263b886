"""An experiment gives each user one release of a feature, says so on the record, and rolls back what hurts."""

import json

import pytest

from headworks.flags.experiments import Plan, promoted, stopped
from headworks.testing import Recipe

ASKED = [{"role": "user", "content": "Hello there"}]
FEATURES = "bot: {model: openai, retry: {per_model: 0}, resume: {mode: off}}"


@pytest.fixture
def trials(house):
    house.add(features=FEATURES)
    trials = house.gateway.trials

    def start(**more):
        plan = Plan(
            feature="bot", variants=["old:50", "new:50"], set=["new.model=anthropic", *more.pop("set", [])], **more
        )
        return house.run(trials.desk.start(plan, who="ann", why="to see"))

    yield start
    for experiment in trials.desk.all():
        house.run(stopped(trials.desk, trials.watch, experiment.name, who="ann", why="over", to_config=True))


def ask(house, user, *, recipe=None, dialect="openai", model="feature/bot", **fields):
    house.fake.script([recipe or Recipe(text="ok")])
    return house.chat(dialect, model, messages=ASKED, **({"user": user} if dialect == "openai" else {}) | fields)


def test_users_are_split_and_keep_their_variant(house, trials):
    made = trials()
    first = {user: ask(house, user) for user in map("u{}".format, range(24))}
    variants = {user: house.record(answer)["experiment"] for user, answer in first.items()}
    assert set(variants.values()) == {f"{made.name}:old", f"{made.name}:new"}
    for user, answer in first.items():
        expected = "anthropic" if variants[user].endswith(":new") else "openai"
        assert answer.headers["x-headworks-model"] == expected
    for user in list(first)[:6]:
        again = ask(house, user)
        assert house.record(again)["experiment"] == variants[user]
        assert again.json["model"] == first[user].json["model"]


def test_a_model_that_the_client_names_is_obeyed(house, trials):
    trials(set=[])
    for user in map("u{}".format, range(8)):
        house.fake.script([Recipe(text="ok")])
        answer = house.chat("openai", "gemini", feature="bot", messages=ASKED, user=user)
        assert answer.headers["x-headworks-model"] == "gemini"
        assert house.record(answer)["experiment"] is not None


def test_parameters_of_a_variant_are_defaults(house, trials):
    made = trials(set=["new.temperature=0.25"])
    sent = {}
    for user in map("u{}".format, range(12)):
        answer = ask(house, user)
        sent[user] = (house.record(answer)["experiment"], json.loads(house.fake.calls[-1].body).get("temperature"))
    assert set(sent.values()) == {(f"{made.name}:old", None), (f"{made.name}:new", 0.25)}
    user = next(user for user, (label, _) in sent.items() if label.endswith(":new"))
    ask(house, user, temperature=0.75)
    assert json.loads(house.fake.calls[-1].body)["temperature"] == 0.75


def test_a_promoted_variant_is_for_all(house, trials):
    made = trials()
    desk, watch = house.gateway.trials.desk, house.gateway.trials.watch
    house.run(promoted(desk, watch, made.name, "new", who="ann", why="better"))
    answers = [ask(house, user) for user in map("u{}".format, range(8))]
    assert {answer.headers["x-headworks-model"] for answer in answers} == {"anthropic"}
    assert {house.record(answer)["experiment"] for answer in answers} == {None}


def test_a_variant_that_fails_is_rolled_back_at_the_next_look(house, trials):
    made = trials(guards=["errors"])
    house.fake.recipes(Recipe(status=500, for_model="my-ant"), Recipe(text="ok"))
    answers = [house.chat("openai", "feature/bot", messages=ASKED, user=f"u{number}") for number in range(120)]
    assert {answer.status for answer in answers} == {200, 502}
    house.run(house.gateway.recorder.flush())
    house.run(house.gateway.trials.watch.look())  # or it has looked by itself meanwhile
    (ended,) = [one for one in house.gateway.trials.desk.all() if one.name == made.name]
    assert ended.state != "running"
    house.fake.script([Recipe(text="ok") for _ in range(8)])
    answers = [house.chat("openai", "feature/bot", messages=ASKED, user=f"v{n}") for n in range(8)]
    assert {answer.headers["x-headworks-model"] for answer in answers} == {"openai"}
