"""A feature that cannot be answered steps down its ladder: another model, the cache, rules, a text; no opaque 500."""

import pytest

from headworks.cli.commands import run
from headworks.core.limits import Limit
from headworks.flags.switches import SwitchWish
from headworks.identity.records import KeySpec
from headworks.testing import Recipe

ASKED = [{"role": "user", "content": "When do you open?"}]
LADDER = """
bot:
  model: openai
  retry: {per_model: 0}
  resume: {mode: off}
  cache: {exact: on}
  degrade:
    - {model: anthropic}
    - cache
    - {search: {index: handbook, top_k: 2}}
    - {rules: [{match: "open(ing)?|hours", answer: "We open at nine."}, {match: "(?i)price", answer: "See the list."}]}
    - We are looking into it.
quiet: {model: openai, retry: {per_model: 0}, degrade: [{rules: [{match: price, answer: "x"}]}]}
dear: {model: openai, degrade: [{model: anthropic}], max_tokens: 1000}
"""


@pytest.fixture
def house(house):
    house.add(features=LADDER)
    house.empty_cache()
    return house


@pytest.fixture
def flip(house):
    switches = house.gateway.switches

    def kill(kind, name):
        house.run(switches.kill(SwitchWish(kind=kind, name=name, why="w"), "ann"))

    yield kill
    for one in switches.standing():
        house.run(switches.revive(one.kind, one.name, who="ann"))


def ask(house, *, stream=False, words="When do you open?", **fields):
    messages = [{"role": "user", "content": words}]
    return house.ask({"model": "feature/bot", "max_tokens": 50, "messages": messages, "stream": stream} | fields)


def degraded(house, answer):
    record = house.record(answer)
    assert answer.status == 200
    assert record["status"] == "ok"
    return answer.text, answer.headers["x-headworks-degraded"], record["degraded"]


def test_another_model_answers_when_the_provider_is_down(house):
    house.fake.script([Recipe(status=500), Recipe(text="from the other")])
    answer = ask(house)
    assert degraded(house, answer) == ("from the other", "model", "model: provider_error")
    assert answer.headers["x-headworks-model"] == "anthropic"
    assert [one["status"] for one in house.record(answer)["attempts"]] == ["failed", "ok"]


def test_what_is_switched_off_asks_no_model_but_rules_answer(house, flip):
    flip("feature", "bot")
    answer = ask(house)
    assert degraded(house, answer) == ("We open at nine.", "rule", "rule: feature_disabled")
    assert len(house.fake.calls) == 0
    assert house.record(answer)["cost_nano"] == 0


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_has_the_shape_that_was_asked_for(house, flip, dialect, stream):
    flip("feature", "bot")
    answer = house.chat(dialect, "feature/bot", stream=stream, messages=ASKED)
    assert (answer.text, answer.headers["x-headworks-degraded"]) == ("We open at nine.", "rule")
    if stream:
        assert answer.facts["degraded"] == "rule"
        assert answer.ended
    elif dialect == "openai":
        assert answer.json["choices"][0]["finish_reason"] == "stop"
    else:
        assert answer.json["stop_reason"] == "end_turn"


def test_an_answer_of_before_is_better_than_a_rule(house, flip):
    house.fake.script([Recipe(text="At ten on Sundays.")])
    assert ask(house).text == "At ten on Sundays."
    flip("feature", "bot")
    answer = ask(house)
    assert degraded(house, answer) == ("At ten on Sundays.", "cache", "cache: feature_disabled")


def test_the_last_rung_is_a_text(house, flip):
    flip("feature", "bot")
    assert degraded(house, ask(house, words="Who are you?"))[:2] == ("We are looking into it.", "message")


@pytest.mark.parametrize(("kind", "name"), [("model", "openai"), ("provider", "oai")])
def test_another_model_answers_for_one_that_is_off(house, flip, kind, name):
    flip(kind, name)
    house.fake.script([Recipe(text="from the other")])
    assert degraded(house, ask(house)) == ("from the other", "model", "model: feature_disabled")


def test_another_model_that_is_off_is_passed_over(house, flip):
    flip("provider", "ant")
    house.fake.script([Recipe(status=500)])
    assert degraded(house, ask(house))[:2] == ("We open at nine.", "rule")
    assert len(house.fake.calls) == 1


def test_when_no_rung_answers_the_first_error_is_told(house):
    house.fake.script([Recipe(status=500)])
    answer = house.ask({"model": "feature/quiet", "messages": ASKED})
    assert (answer.status, answer.error["code"]) == (502, "provider_error")
    assert "x-headworks-degraded" not in answer.headers


def test_what_is_the_callers_fault_is_told_to_them(house):
    answer = ask(house, messages="nonsense")
    assert answer.status == 400
    answer = house.ask({"model": "feature/bot", "messages": ASKED}, authorization="Bearer hw-nobody")
    assert answer.status == 401


def test_a_stream_that_has_begun_does_not_step_down(house):
    house.fake.script([Recipe(text="one two three four five", cut_after_tokens=2)])
    answer = ask(house, stream=True)
    assert b'"stream_interrupted"' in answer.body
    assert "x-headworks-degraded" not in answer.headers


def test_the_end_of_a_budget_steps_down_and_all_that_is_spent_is_settled_once(house):
    nano = 1_000_000  # pays for some tokens of an answer, and not for all that the call wants
    made = house.gateway.keys.create(
        KeySpec(name="poor", org="acme", limits=(Limit("usd", "month", nano),)), actor="test"
    )
    key = {"authorization": f"Bearer {made.key}"}
    body = {"model": "feature/bot", "max_tokens": 4, "messages": ASKED, "temperature": 1.5}
    answers = []
    for number in range(60):
        house.fake.script([Recipe(text="a b")])
        answers.append(house.ask(body | {"seed": number}, **key))
    assert {answer.status for answer in answers} == {200}
    assert answers[-1].headers["x-headworks-degraded"] == "rule"
    records = [house.record(answer) for answer in answers]
    assert {record["degraded"] for record in records} == {None, "rule: insufficient_quota"}
    spent = sum(record["cost_nano"] for record in records)
    found = house.run(house.gateway._treasury.accounts.listed(1000))
    balances = [balance for name, balance in found if name.startswith(f"usd|key|{made.id}|")]
    assert [(balance.spent, balance.reserved) for balance in balances] == [(spent, 0)]
    assert spent <= nano


def test_what_failed_and_what_answered_instead_are_both_on_the_account_and_the_books_add_up(house):
    made = house.gateway.keys.create(
        KeySpec(name="rich", org="acme", limits=(Limit("usd", "month", 10**9),)), actor="test"
    )
    house.fake.script([Recipe(text="one two three", malformed_after_tokens=2), Recipe(text="from the other")])
    body = {"model": "feature/dear", "messages": ASKED}
    answer = house.ask(body, authorization=f"Bearer {made.key}")
    record = house.record(answer)
    found = house.run(house.gateway._treasury.accounts.listed(1000))
    balances = [balance for name, balance in found if name.startswith(f"usd|key|{made.id}|")]
    assert [(balance.spent, balance.reserved) for balance in balances] == [(record["cost_nano"], 0)]


def test_passages_of_documents_answer_with_where_they_stand(house, flip):
    folder = house._folder / "documents"
    folder.mkdir(exist_ok=True)
    (folder / "hours.md").write_text("# Opening hours\n\nThe shop opens at ten on Sundays, and at nine else.\n")
    (folder / "pay.md").write_text("# Payment\n\nWe take cards and cash.\n")
    config = ("--config", str(house._folder / "headworks.yaml"))
    link = ("--link-base", "https://docs.example.com/")
    assert run(["index", "add", "handbook", str(folder), "--lexical", *link, *config]) == 0
    flip("feature", "bot")
    answer = ask(house, words="When does the shop open on Sundays?")
    text, level, why = degraded(house, answer)
    assert (level, why) == ("search", "search: feature_disabled")
    assert "opens at ten on Sundays" in text
    assert "https://docs.example.com/hours.md" in text
    assert ask(house, words="Qwertz?").headers["x-headworks-degraded"] == "message"
    assert run(["index", "rm", "handbook", "--yes", *config]) == 0
    assert ask(house, words="When does the shop open?").headers["x-headworks-degraded"] == "rule"
