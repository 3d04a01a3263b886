"""Past costs worked out again, recorded calls under another config, and which price applies to what."""

import json

import pytest

from headworks.cli.money.again import Tariff, counts_of
from headworks.config import load
from headworks.core.replies import Usage
from headworks.telemetry.ledger.rollups.levels import LEVELS, SUMS
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import Attempt, TraceRecord

DAY_MS = 86_400_000
START_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
CONFIG = """
providers:
  lab: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: none}
  openai: {catalog: openai, api_key: k}
models:
  fast: {provider: lab, model: lab-small, price_usd_per_mtok: {input: 2, output: 10, cached: 1}}
  slow: {provider: lab, model: lab-big, price_usd_per_mtok: {input: 20, output: 100}, expensive: true}
  free: {provider: lab, model: lab-free}
  mini: {provider: openai, model: gpt-4o-mini}
features:
  default: {model: fast}
  bot: {model: free}
  review: {model: slow, allow_expensive: true}
"""


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "headworks.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return str(file)


def attempt(provider_model: str = "lab-small", usage: Usage | None = None, **more) -> Attempt:
    usage = usage or Usage(input_tokens=1_000, output_tokens=100, cached_tokens=400)
    return Attempt(
        **{
            "provider": "lab",
            "model": provider_model,
            "status": "ok",
            "tokens": usage.total_tokens,
            "usage": usage,
            "cost_nano": 5,
            **more,
        }
    )


def record(number: int, attempts: list[Attempt], **more) -> TraceRecord:
    return TraceRecord(
        **{
            "status": "ok",
            "trace_id": f"{number:032x}",
            "started_at": START_MS - number,
            "requested_model": "fast",
            "model": "fast",
            "feature": "default",
            "org_id": "acme",
            "provider": "lab",
            "provider_model": "lab-small",
            "cost_nano": 5,
            "attempts": attempts,
            **more,
        }
    )


ONE = 600 * 2_000 + 400 * 1_000 + 100 * 10_000
CALLS = [
    record(1, [attempt()]),
    record(2, [attempt(), attempt()]),  # a retry
    record(3, [], cache_hit=True, cost_nano=0),
    record(4, [attempt("lab-free", cost_nano=None)], model="free", requested_model="free", cost_nano=None),
    record(  # of a version that kept no counts of attempts
        5,
        [Attempt(provider="lab", model="lab-small", tokens=1_100, cost_nano=5)],
        prompt_tokens=1_000,
        completion_tokens=100,
        cached_tokens=400,
    ),
    record(6, [Attempt(provider="lab", model="lab-small", tokens=10)] * 2, prompt_tokens=20),
    record(7, [], status="lost", cost_nano=None),
    record(8, [attempt()], model="gone", requested_model="gone", feature="bot"),
    record(9, [attempt()], requested_model="auto", feature="review"),
    record(10, [attempt()], requested_model="slow"),
]
EXPECTED = {1: ONE, 2: 2 * ONE, 3: 0, 4: None, 5: ONE, 6: None, 7: None, 8: ONE, 9: ONE, 10: ONE}


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "headworks-data")
    ledger.open()
    ledger.insert(CALLS)
    yield ledger
    ledger.close()


def figures(ledger: Ledger) -> dict[int, tuple[int | None, int | None]]:
    rows = ledger._connection.execute("SELECT trace_id, cost_nano, repriced_nano FROM traces").fetchall()
    return {int(trace_id, 16): (cost, repriced) for trace_id, cost, repriced in rows}


def rolled_up(ledger: Ledger) -> set[tuple[int, ...]]:
    columns = ", ".join(f"sum({SUMS[index]})" for index in (0, 9, 11, 12, 13))
    return {ledger._connection.execute(f"SELECT {columns} FROM {level.table}").fetchall()[0] for level in LEVELS}


def test_costs_are_worked_out_again_beside_the_old_ones(headworks, ledger, config):
    found = headworks("budgets", "reprice", "--from", "2026-11-01", "--to", "2026-11-23", "--json", "--config", config)
    figures_now = figures(ledger)
    assert {number: repriced for number, (_, repriced) in figures_now.items()} == EXPECTED
    assert {number: cost for number, (cost, _) in figures_now.items()} == {
        int(call.trace_id, 16): call.cost_nano for call in CALLS
    }
    known = [nano for nano in EXPECTED.values() if nano is not None]
    assert rolled_up(ledger) == {(10, sum(c.cost_nano or 0 for c in CALLS), 2, len(known), sum(known))}
    totals = found.json["totals"]
    assert (totals["calls"], totals["unpriced"], totals["unpriced_now"]) == (10, 2, 3)
    assert (totals["shares"], totals["unknown"]) == (1, 2)
    report = headworks("budgets", "report", "--by", "", "--since", "2026-11-01", "--json", "--config", config).json
    assert report["totals"]["repriced"] == len(known)


def test_doing_it_again_changes_nothing_and_another_price_replaces_it(headworks, ledger, config, tmp_path):
    asked = ("budgets", "reprice", "--from", "2026-11-01", "--json", "--config", config)
    headworks(*asked)
    first, rolled = figures(ledger), rolled_up(ledger)
    headworks(*asked)
    assert (figures(ledger), rolled_up(ledger)) == (first, rolled)
    (tmp_path / "headworks.yaml").write_text(CONFIG.replace("cached: 1}", "cached: 0}"), encoding="utf-8")
    headworks(*asked)
    known = [repriced for _, repriced in figures(ledger).values() if repriced is not None]
    assert figures(ledger)[1] == (5, ONE - 400_000)
    assert {row[3:] for row in rolled_up(ledger)} == {(len(known), sum(known))}


def test_a_dry_run_changes_nothing(headworks, ledger, config):
    ran = headworks("budgets", "reprice", "--from", "2026-11-01", "--dry-run", "--config", config)
    assert "Nothing was changed." in ran.out
    assert {repriced for _, repriced in figures(ledger).values()} == {None}


def test_only_the_days_that_are_named_are_walked(headworks, ledger, config):
    found = headworks("budgets", "reprice", "--from", "2026-11-24", "--json", "--config", config).json
    assert found["totals"]["calls"] == 0
    assert headworks("budgets", "reprice", "--from", "x", "--config", config).code == 1
    assert "`to` lies before" in headworks("budgets", "reprice", "--from", "2026-11-24", "--to", "2026-11-01").err


def test_folded_rows_take_what_was_worked_out_again(headworks, tmp_path, config):
    ledger = Ledger(tmp_path / "headworks-data")
    ledger.open()
    calls = [record(number, [attempt()], user_id=f"u{number}") for number in range(1, 1_300)]
    ledger.insert(calls)
    headworks("budgets", "reprice", "--from", "2026-11-01", "--config", config)
    assert rolled_up(ledger) == {(1_299, 5 * 1_299, 0, 1_299, 1_299 * ONE)}
    ledger.close()


def simulated(headworks, config, calls: list[TraceRecord] | None = None):
    assert headworks("traces", "export", "calls.jsonl", "--config", config).code == 0
    return headworks("budgets", "simulate", "--traces", "calls.jsonl", "--config", config, "--json").json


def test_recorded_calls_are_priced_under_another_config(headworks, ledger, config):
    found = simulated(headworks, config)
    rows = {(row["feature"], row["model"], row["would_be"]): row for row in found["rows"]}
    dear = 1_000 * 20_000 + 100 * 100_000
    assert rows["review", "fast", "slow"]["would_cost_usd"] == f"{dear / 1e9}"
    assert (
        rows["default", "free", "free"] | {"cost_usd": "0", "unpriced": 1, "would_be_unpriced": 1}
        == rows["default", "free", "free"]
    )
    assert rows["bot", "gone", "(refused)"]["would_cost_usd"] == "0"
    assert rows["default", "fast", "(refused)"]["calls"] == 1  # expensive, and nobody said that it may be used
    assert sum(found["refusals"].values()) == 2
    assert sum(row["calls"] for row in found["rows"]) == found["totals"]["calls"] == 10
    plain = rows["default", "fast", "fast"]
    assert (plain["calls"], plain["would_be_unpriced"]) == (6, 2)
    assert plain["would_cost_usd"] == f"{4 * ONE / 1e9}"


def test_the_table_of_a_simulation_says_what_is_not_in_it(headworks, ledger, config):
    simulated(headworks, config)
    ran = headworks("budgets", "simulate", "--traces", "calls.jsonl", "--config", config)
    assert "unpriced are in no sum" in ran.out
    assert "would be refused" in ran.out


@pytest.mark.parametrize("line", ['{"a": 1}', "nothing", "[1]", '{"trace_id": "t", "status": "ok", "started_at": "x"}'])
def test_a_file_that_is_no_export_is_refused_by_line(headworks, config, tmp_path, line):
    (tmp_path / "calls.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    ran = headworks("budgets", "simulate", "--traces", "calls.jsonl", "--config", config)
    assert (ran.code, "line 2" in ran.err) == (1, True)
    below = {"trace_id": "t", "status": "ok", "started_at": "2026-11-23T00:00:00Z", "prompt_tokens": -1}
    (tmp_path / "calls.jsonl").write_text(json.dumps(below), encoding="utf-8")
    assert "below zero" in headworks("budgets", "simulate", "--traces", "calls.jsonl", "--config", config).err
    assert headworks("budgets", "simulate", "--traces", "absent.jsonl", "--config", config).code == 1


def test_prices_of_then_and_of_today_are_those_of_the_library(config, tmp_path):
    usage = Usage(input_tokens=300_000, output_tokens=10)
    call = record(
        1,
        [attempt("claude-sonnet-4-6", usage, provider="anthropic")],
        started_at=1_767_225_600_000,  # 2026-01-01, when long prompts cost more
    )
    file = tmp_path / "other.yaml"
    file.write_text("providers: {anthropic: {catalog: anthropic, api_key: k}}\n", encoding="utf-8")
    known = load(file, {})
    assert Tariff(known, START_MS / 1000).again_nano(call) == 300_000 * 3_000 + 10 * 15_000
    assert Tariff(known, None).again_nano(call) == 300_000 * 6_000 + 10 * 22_500


def test_a_call_whose_counts_nobody_kept_is_not_guessed_at():
    assert [counts_of(call).kind for call in CALLS[:7]] == [
        "counted",
        "counted",
        "counted",
        "counted",
        "shares",
        "unknown",
        "unknown",
    ]


def test_prices_say_where_they_come_from_and_what_has_none(headworks, config):
    found = {row["model"]: row for row in headworks("prices", "--json", "--config", config).json["models"]}
    assert (found["fast"]["from"], found["fast"]["usd_per_mtok"]["cached"]) == ("config", "1")
    assert found["mini"]["from"] == "library: openai"
    assert found["mini"]["usd_per_mtok"]["input"] == "0.15"
    assert (found["free"]["priced"], found["free"]["usd_per_mtok"]["input"]) == (False, None)
    line = next(line for line in headworks("prices", "--config", config).out.splitlines() if line.startswith("free"))
    assert "unpriced" in line


def test_prices_are_dated_and_may_be_asked_for_by_name(headworks, tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text("providers: {anthropic: {catalog: anthropic, api_key: k}}\n", encoding="utf-8")
    asked = ("prices", "anthropic/claude-sonnet-4-6", "--config", str(file), "--json")
    [before] = headworks(*asked, "--at", "2026-01-01").json["models"]
    [since] = headworks(*asked, "--at", "2026-11-01").json["models"]
    assert (before["since"], before["until"]) == (None, "2026-03-13")
    assert (since["since"], since["until"]) == ("2026-03-13", None)
    [claimed] = headworks("prices", "claude-sonnet-4-6", "--config", str(file), "--json").json["models"]
    assert claimed["model"] == "anthropic/claude-sonnet-4-6"
    assert "There is no model `gpt`" in headworks("prices", "gpt", "--config", str(file)).err
    assert "`at` must be" in headworks("prices", "--at", "then", "--config", str(file)).err
