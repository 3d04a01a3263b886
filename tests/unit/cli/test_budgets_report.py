"""Reports of a data directory and of a gateway, as a table, CSV and JSON; what has no price is never shown as free."""

import csv
import io
import time

import pytest

from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord

NOW_MS = int(time.time() * 1000)


def record(number: int, cost_nano: int | None, **more) -> TraceRecord:
    given = {"model": "fast", "org_id": "o", "started_at": NOW_MS - number, "prompt_tokens": 10, "latency_ms": 100.0}
    return TraceRecord(status="ok", trace_id=f"{number:032x}", cost_nano=cost_nano, **{**given, **more})


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "headworks-data")
    ledger.open()
    ledger.insert(
        [
            record(1, 1),
            record(2, 2_000_000_000, feature="bot", user_id="=HYPERLINK(1)"),
            record(3, None, feature="bot", user_id="ann\x1b[31m"),
            record(4, None, model="free"),
        ]
    )
    yield ledger
    ledger.close()


def test_money_is_exact_and_totals_are_there(headworks, ledger):
    found = headworks("budgets", "report", "--by", "model,feature", "--json").json
    rows = {(row["model"], row["feature"]): row for row in found["rows"]}
    assert rows["fast", None]["cost_usd"] == "0.000000001"
    assert rows["fast", "bot"]["cost_usd"] == "2"
    assert rows["fast", "bot"]["unpriced"] == 1
    assert rows["free", None]["cost_usd"] is None
    assert found["totals"]["cost_usd"] == "2.000000001"
    assert (found["totals"]["calls"], found["totals"]["unpriced"]) == (4, 2)


def test_the_table_never_shows_unpriced_as_free(headworks, ledger):
    ran = headworks("budgets", "report", "--by", "model,feature,user")
    lines = ran.out.splitlines()
    assert next(line for line in lines if line.startswith("free")).split()[-2] == "unpriced"
    assert "at least 2.000000001" in next(line for line in lines if line.startswith("total"))
    assert "2 calls have no known price" in ran.out
    assert "\x1b" not in ran.out


def test_a_spreadsheet_runs_nothing_that_a_client_sent(headworks, ledger):
    ran = headworks("budgets", "report", "--by", "user", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert {"'=HYPERLINK(1)", ""} <= {row["user"] for row in rows}
    assert {row["cost_usd"] for row in rows} == {"2", "0.000000001", ""}


def test_only_what_is_chosen_is_counted(headworks, ledger):
    found = headworks("budgets", "report", "--by", "", "--feature", "bot", "--model", "fast", "--json").json
    assert found["totals"]["calls"] == 2
    assert headworks("budgets", "report", "--org", "nobody", "--json").json["rows"] == []
    assert headworks("budgets", "report", "--org", "nobody").out.splitlines()[1].split()[:2] == ["total", "0"]


def test_latencies_come_when_they_are_asked_for(headworks, ledger):
    assert "p95" not in headworks("budgets", "report").out
    [row] = headworks("budgets", "report", "--by", "org", "--latency", "--json").json["rows"]
    assert 91 <= row["latency_p95_ms"] <= 109
    assert row["ttft_p50_ms"] is None
    assert "latency_p95_ms" in headworks("budgets", "report", "--latency").out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--by", "colour"), "`colour`"),
        (("--by", "day,month"), "both day and month"),
        (("--since", "yesterday-ish"), "`since`"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "before"),
        (("--since", "-99999999999"), "`since`"),
        (("--until", "999999999999"), "`until`"),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(headworks, ledger, asked, said):
    ran = headworks("budgets", "report", *asked)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


def test_without_a_ledger_it_says_so(headworks):
    ran = headworks("budgets", "report")
    assert ran.code == 1
    assert "no gateway has run" in ran.err


def test_a_ledger_of_an_older_version_is_brought_up_to_date(headworks, ledger):
    ledger._connection.execute(
        "DROP TABLE usage_recent; DROP TABLE usage_hours; DROP TABLE usage_days; DROP TABLE usage_months; "
        "DROP TABLE usage_brief_days; DROP TABLE usage_filling; ALTER TABLE traces DROP COLUMN repriced_nano; "
        "ALTER TABLE traces DROP COLUMN flags; "
        "UPDATE schema_versions SET version = version - 2 WHERE room = 'telemetry'"
    )
    assert "still being brought in" in headworks("budgets", "report").out
    ledger.keep_up()
    assert headworks("budgets", "report", "--json").json["totals"]["calls"] == 4


def test_a_gateway_is_asked_through_its_admin_api(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "hw-admin-secret")
    gateway.report = {"rows": []}
    found = headworks("budgets", "report", "--by", "day,org", "--org", "a&b", "--url", gateway.url, "--json").json
    assert found == {"rows": []}
    assert gateway.asked == [("GET", "/admin/v1/reports?by=day%2Corg&org=a%26b&latency=false", None)]
