"""Nothing is spent that was not reserved: budgets stop calls before they are made, and add up after them."""

import asyncio

import pytest

from headworks.core.limits import Limit
from headworks.core.replies import Usage
from headworks.identity.records import KeySpec
from headworks.testing import Recipe

CENT = 10_000_000
"""Nano-dollars."""
OUTPUT, DEAREST_OUTPUT = 6_000, 7_000
"""Nano-dollars a token of the models here: written plainly, and as reasoning, which is what is reserved."""
BODY = {"model": "openai", "messages": [{"role": "user", "content": "Hello there"}]}
WORDS = Usage(input_tokens=10, output_tokens=20)
COST = 10 * 1_500 + 20 * OUTPUT


@pytest.fixture
def keyed(house):
    """Makes a key with limits of its own; what it is asked for goes on its account alone."""

    def make(*limits, org="acme"):
        made = house.gateway.keys.create(KeySpec(name="limited", org=org, limits=limits), actor="test")
        return {"authorization": f"Bearer {made.key}", "id": made.id}

    return make


def usd(nano, window="month"):
    return Limit("usd", window, nano)


def balance(house, key, unit="usd", window="month"):
    """What is spent and reserved on the key's account."""
    accounts = house.gateway._treasury.accounts
    rows = house.run(_rows(accounts, f"{unit}|key|{key['id']}|{window}|"))
    return rows[0] if rows else (0, 0)


async def _rows(accounts, prefix):
    return await accounts._done(
        lambda book, _: book._execute(
            "SELECT spent, reserved FROM accounts WHERE name LIKE ?", (prefix + "%",)
        ).fetchall()
    )


def asked(house, key, **fields):
    return house.ask(BODY | {"max_tokens": 100} | fields, authorization=key["authorization"])


def test_what_a_call_costs_is_debited_and_nothing_stays_reserved(house, keyed):
    key = keyed(usd(CENT))
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    answer = asked(house, key)
    assert answer.status == 200
    assert house.record(answer)["cost_nano"] == COST
    assert balance(house, key) == (COST, 0)


def test_a_call_that_may_cost_more_than_is_left_is_refused_before_it_is_sent(house, keyed):
    key = keyed(usd(COST + 300_000))
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    assert asked(house, key, max_tokens=18).status == 200
    answer = asked(house, key)
    assert answer.status == 429
    assert answer.error["type"] == answer.error["code"] == "insufficient_quota"
    assert answer.headers["x-should-retry"] == "false"
    assert "limit $0.000435, spent $0.000135" in answer.error["message"]
    assert "It resets at 20" in answer.error["message"]
    assert house.record(answer)["attempts"] == []
    assert balance(house, key) == (COST, 0)


def test_a_client_of_the_other_dialect_is_told_in_its_words(house, keyed):
    key = keyed(usd(0))
    answer = house.ask(
        BODY | {"max_tokens": 100, "model": "anthropic"}, path="/v1/messages", authorization=key["authorization"]
    )
    assert answer.status == 402
    assert answer.error["type"] == "billing_error"


def test_a_budget_that_pays_for_a_part_of_an_answer_shortens_it(house, keyed):
    key = keyed(usd(100 * DEAREST_OUTPUT))
    house.fake.script([Recipe(tokens=500)])
    answer = asked(house, key, max_tokens=4000)
    assert answer.status == 200
    assert answer.json["choices"][0]["finish_reason"] == "length"
    adapted = answer.headers["x-headworks-adapted"]
    assert adapted.startswith("max_tokens=")
    assert 64 <= int(adapted.removeprefix("max_tokens=")) < 100
    spent, reserved = balance(house, key)
    assert 0 < spent <= 100 * DEAREST_OUTPUT
    assert reserved == 0


def test_a_call_without_max_tokens_is_given_one(house, keyed):
    key = keyed(usd(100 * CENT))
    house.fake.script([Recipe(text="ok")])
    answer = house.ask(BODY, authorization=key["authorization"])
    assert answer.headers["x-headworks-adapted"] == "max_tokens=16384"


def test_a_model_without_a_price_is_refused_under_a_budget_in_money(house, keyed):
    answer = asked(house, keyed(usd(CENT)), model="unpriced-openai")
    assert answer.status == 403
    assert answer.error["code"] == "unpriced_model"
    assert "price_usd_per_mtok" in answer.error["message"]


def test_tokens_have_budgets_too(house, keyed):
    key = keyed(Limit("tokens", "day", 200))
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    assert asked(house, key, model="unpriced-openai", max_tokens=100).status == 200
    assert balance(house, key, "tokens", "day") == (30, 0)
    answer = asked(house, key, max_tokens=16, messages=[{"role": "user", "content": "many words here " * 100}])
    assert answer.status == 429
    assert "limit 200 tokens, spent 30 tokens" in answer.error["message"]


def test_every_failed_attempt_that_cost_something_is_debited(house, keyed):
    key = keyed(usd(CENT))
    house.fake.script([Recipe(tokens=50, cut_after_tokens=10), Recipe(text="ok", counts=WORDS)])
    answer = asked(house, key, model="first", stream=True)
    record = house.record(answer)
    assert len(record["attempts"]) >= 1
    assert balance(house, key) == (record["cost_nano"], 0)


def test_a_retry_that_the_budget_does_not_pay_for_is_not_made(house, keyed):
    key = keyed(usd(130 * DEAREST_OUTPUT))
    spent = Usage(input_tokens=10, output_tokens=90)
    house.fake.script([Recipe(tokens=90, counts=spent, error_after_tokens=90), Recipe(text="never sent")])
    answer = asked(house, key, model="first", stream=True, max_tokens=100)
    record = house.record(answer)
    assert len(record["attempts"]) == 1
    assert balance(house, key) == (record["cost_nano"], 0)
    assert record["cost_nano"] <= 130 * DEAREST_OUTPUT


def test_calls_at_once_never_spend_more_than_there_is(house, keyed):
    key = keyed(usd(1000 * DEAREST_OUTPUT))
    house.fake.script([Recipe(tokens=90) for _ in range(40)])

    async def all_at_once():
        calls = (
            house.asking(BODY | {"max_tokens": 100}, path="/v1/chat/completions", authorization=key["authorization"])
            for _ in range(40)
        )
        return await asyncio.gather(*calls)

    answers = house.run(all_at_once())
    spent, reserved = balance(house, key)
    assert reserved == 0
    assert spent <= 1000 * DEAREST_OUTPUT
    assert spent == sum(house.record(answer)["cost_nano"] for answer in answers)
    # Each costs about 90 x 6,000 of 7,000,000 nano-dollars: those that can be paid for are, for they wait for others.
    assert sum(answer.status == 200 for answer in answers) >= 11
    house.fake.script([])


def test_a_client_that_leaves_leaves_nothing_reserved(house, keyed):
    key = keyed(usd(CENT))
    house.fake.script([Recipe(tokens=50, stall_after_tokens=5)])

    async def leaves():
        visit = house.visit(BODY | {"max_tokens": 100, "stream": True}, authorization=key["authorization"])
        await visit.until(b"content")
        await visit.leave()

    house.run(leaves())
    record = house.last_record()
    assert record["status"] == "client_gone"
    assert balance(house, key) == (record["cost_nano"], 0)


def test_a_provider_that_ignores_the_limit_is_cut(house, keyed):
    key = keyed(usd(CENT))
    house.fake.script([Recipe(text="word " * 3000)])
    answer = asked(house, key, stream=True, max_tokens=20)
    record = house.record(answer)
    text = answer.text
    assert text.count("word") <= 20 + 64 + 1
    assert answer.events[-1]["choices"][0]["finish_reason"] == "length" or record["finish_reason"] == "length"


def test_requests_and_tokens_a_minute_are_limited(house, keyed):
    key = keyed(Limit("requests", "minute", 2, ()))
    house.fake.script([Recipe(text="ok"), Recipe(text="ok")])
    assert [asked(house, key).status for _ in range(3)] == [200, 200, 429]
    answer = asked(house, key)
    assert answer.error["code"] == "rate_limit_exceeded"
    assert 0 < int(answer.headers["retry-after-ms"]) <= 30_000


def test_calls_under_way_are_limited(house, keyed):
    key = keyed(Limit("calls", "now", 1, ()))
    house.fake.script([Recipe(tokens=50, stall_after_tokens=5)])

    async def second_of_two():
        first = house.visit(BODY | {"stream": True}, authorization=key["authorization"])
        await first.until(b"content")
        house.gateway.edge.house.desk.rooms.budgets.wait_s = 0.0
        second = await house.asking(BODY, path="/v1/chat/completions", authorization=key["authorization"])
        await first.leave()
        return second

    answer = house.run(second_of_two())
    assert answer.status == 429
    assert "1 calls under way of 1 allowed" in answer.error["message"]
    house.fake.script([Recipe(text="ok")])
    assert asked(house, key).status == 200


def test_a_cached_answer_costs_nothing(house, keyed):
    key = keyed(usd(CENT), org="a-budget-and-a-cache")
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    wish = {"authorization": key["authorization"], "x_headworks_cache": "on"}
    body = BODY | {"max_tokens": 100, "temperature": 0}
    assert house.ask(body, **wish).headers["x-headworks-cache"] == "miss"
    assert house.ask(body, **wish).headers["x-headworks-cache"] == "hit-exact"
    assert balance(house, key) == (COST, 0)


def test_a_key_that_replaces_another_goes_on_with_its_budget(house, keyed):
    key = keyed(usd(COST + 300_000))
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    assert asked(house, key, max_tokens=18).status == 200
    made = house.gateway.keys.rotate(key["id"])
    answer = house.ask(BODY | {"max_tokens": 100}, authorization=f"Bearer {made.key}")
    assert answer.status == 429


def test_the_admin_api_says_how_budgets_stand(house, keyed):
    key = keyed(usd(CENT), Limit("requests", "minute", 10, ()), org="an|odd%org")
    house.fake.script([Recipe(text="ok", counts=WORDS)])
    answer = asked(house, key)
    assert answer.headers["x-ratelimit-limit-requests"] == "10"
    assert answer.headers["x-ratelimit-remaining-requests"] == "9"
    assert answer.headers["x-ratelimit-reset-requests"].endswith("s")
    listed = house.run(
        house.asking(b"", path="/admin/v1/budgets", method="GET", authorization=f"Bearer {house.admin_key}")
    )
    mine = {row["unit"]: row for row in listed.json["data"] if row["name"] == key["id"]}
    assert mine["usd"] | {"period": "", "resets_at": ""} == {
        "scope": "key",
        "name": key["id"],
        "unit": "usd",
        "window": "month",
        "period": "",
        "limit": "0.01",
        "spent": "0.000135",
        "reserved": "0",
        "left": "0.009865",
        "used_percent": 1.4,
        "resets_at": "",
    }
    assert mine["requests"]["limit"] == 10
    assert mine["requests"]["spent"] <= 1
