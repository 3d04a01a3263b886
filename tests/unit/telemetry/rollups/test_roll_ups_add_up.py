"""Roll-ups add up to the traces: for any records, in any order and batches, told twice, folded, brought in later."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.telemetry import TraceStore
from headworks.telemetry.config import RetentionSettings
from headworks.telemetry.ledger.retention import Retention
from headworks.telemetry.ledger.rollups import OTHER
from headworks.telemetry.ledger.rollups.levels import LEVELS, SUMS
from headworks.telemetry.ledger.rollups.recent import move
from headworks.telemetry.ledger.rollups.wish import ReportQuery
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord
from headworks.testing import FakeClock

START_MS = 1_795_428_000_000  # 2026-11-23T10:00:00Z
HOUR_MS = 3_600_000
COUNTS = st.integers(0, 10**9)
COST = st.none() | st.integers(0, 10**15)
NAME = st.none() | st.sampled_from(["", "a", "b", "\0", "c'd", "(other)", "é" * 300])
RECORDS = st.lists(
    st.builds(
        TraceRecord,
        status=st.sampled_from(["ok", "refused", "failed", "client_gone", "shutdown", "lost"]),
        trace_id=st.integers(0, 30).map(lambda number: f"{number:032x}"),
        started_at=st.integers(START_MS - 40 * 24 * HOUR_MS, START_MS),
        model=st.sampled_from(["", "m", "n"]),
        **dict.fromkeys(("org_id", "user_id", "key_id", "feature", "provider", "prompt"), NAME),
        **dict.fromkeys(
            ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"), COUNTS
        ),
        cost_nano=COST,
        saved_nano=st.integers(-(10**12), 10**12),
        repriced_nano=COST,
        cache_hit=st.booleans(),
        latency_ms=st.none() | st.floats(0, 1e9),
        ttft_ms=st.none() | st.floats(0, 1e9),
    ),
    max_size=40,
)
BATCHES = st.lists(st.integers(1, 15), min_size=1, max_size=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    numbers = iter(range(10**6))
    return lambda: tmp_path_factory.mktemp(f"d{next(numbers)}")


def opened(folder) -> Ledger:
    ledger = Ledger(folder)
    ledger.open()
    return ledger


def summed(ledger: Ledger, table: str, names: Sequence[str] = SUMS) -> list[int]:
    columns = ", ".join(f"ifnull(sum({name}), 0)" for name in names)
    return list(ledger._connection.execute(f"SELECT {columns} FROM {table}").fetchall()[0])


def expected(records: list[TraceRecord]) -> list[int]:
    return [
        len(records),
        sum(record.status in {"failed", "lost", "shutdown"} for record in records),
        sum(record.status == "refused" for record in records),
        sum(record.cache_hit for record in records),
        sum(record.prompt_tokens for record in records),
        sum(record.completion_tokens for record in records),
        sum(record.cached_tokens for record in records),
        sum(record.cache_write_tokens for record in records),
        sum(record.reasoning_tokens for record in records),
        sum(record.cost_nano or 0 for record in records),
        sum(record.saved_nano for record in records),
        sum(record.cost_nano is None for record in records),
        sum(record.repriced_nano is not None for record in records),
        sum(record.repriced_nano or 0 for record in records),
    ]


def first_of_each(records: list[TraceRecord]) -> list[TraceRecord]:
    found: dict[str, TraceRecord] = {}
    for record in records:
        found.setdefault(record.trace_id, record)
    return list(found.values())


@settings(max_examples=60, deadline=None)
@given(records=RECORDS, sizes=BATCHES, moved=st.booleans())
def test_every_level_adds_up_to_the_traces(folder, records, sizes, moved):
    ledger = opened(folder())
    first, turn = 0, 0
    while first < len(records):
        size = sizes[turn % len(sizes)]
        ledger.insert(records[first : first + size])
        if moved and turn % 2:
            move(ledger._connection)
        first, turn = first + size, turn + 1
    wanted = expected(first_of_each(records))
    recent = summed(ledger, "usage_recent")
    for level in LEVELS:
        assert [a + b for a, b in zip(summed(ledger, level.table), recent, strict=True)] == wanted
    while not move(ledger._connection):
        pass
    for level in LEVELS:
        assert summed(ledger, level.table) == wanted
    ledger.close()


@settings(max_examples=40, deadline=None)
@given(
    records=RECORDS,
    by=st.sets(st.sampled_from(["org", "user", "key", "feature", "model", "provider", "prompt"])),
    time=st.sampled_from(["hour", "day", "week", "month", None]),
    moved=st.booleans(),
    days=st.integers(0, 45),
)
def test_every_report_adds_up_to_the_traces_of_its_days(folder, records, by, time, moved, days):
    place = folder()
    ledger = opened(place)
    ledger.insert(records)
    if moved:
        move(ledger._connection)
    store = TraceStore(place, FakeClock(START_MS / 1000))
    names = ",".join([*([time] if time else []), *sorted(by)])
    found = store.report(ReportQuery(by=names, since=f"{days}d", latency=True))
    begin = START_MS - days * 24 * HOUR_MS
    begin -= 0 if time == "hour" else begin % (24 * HOUR_MS)
    inside = [record for record in first_of_each(records) if record.started_at >= begin]
    wanted = dict(zip(SUMS, expected(inside), strict=True))
    for name in ("calls", "errors", "prompt_tokens", "unpriced", "repriced"):
        assert found["totals"][name] == wanted[name] == sum(row[name] for row in found["rows"])
    assert round(float(found["totals"]["cost_usd"] or 0) * 1e9) == pytest.approx(wanted["cost_nano"])
    store.close()
    ledger.close()


def test_users_without_end_are_folded_and_those_who_spend_are_kept(tmp_path):
    ledger = opened(tmp_path)
    rng = random.Random(1)
    records = [
        TraceRecord(
            status="ok",
            trace_id=f"{number:032x}",
            started_at=START_MS + number % HOUR_MS,
            org_id="acme",
            model="fast",
            user_id="ann" if number % 10 == 0 else f"hostile-{rng.random()}",
            key_id="k",
            cost_nano=50 if number % 10 == 0 else 1,
        )
        for number in range(8_000)
    ]
    for first in range(0, 8_000, 400):
        ledger.insert(records[first : first + 400])
        while not move(ledger._connection):
            pass
    for level in LEVELS:
        [(rows,)] = ledger._connection.execute(f"SELECT count(*) FROM {level.table}").fetchall()
        assert rows <= 2 * level.most + 400
        assert summed(ledger, level.table) == expected(records)
    store = TraceStore(tmp_path, FakeClock(START_MS / 1000))
    rows = store.report(ReportQuery(by="hour,user"))["rows"]
    assert rows[0]["user"] == OTHER or rows[0]["user"] == "ann"
    assert {"ann", OTHER} <= {row["user"] for row in rows}
    assert next(row for row in rows if row["user"] == "ann")["calls"] == 800
    store.close()
    ledger.close()


def test_models_without_end_are_folded_too_and_organisations_never(tmp_path):
    ledger = opened(tmp_path)
    records = [
        TraceRecord(
            status="refused",
            trace_id=f"{number:032x}",
            started_at=START_MS,
            org_id=f"org-{number % 40}",
            model=f"made-up-{number}",
            cost_nano=0,
        )
        for number in range(5_000)
    ]
    for first in range(0, 5_000, 500):
        ledger.insert(records[first : first + 500])
        move(ledger._connection)
    for level in LEVELS:
        [(rows,)] = ledger._connection.execute(f"SELECT count(*) FROM {level.table}").fetchall()
        assert rows <= 2 * level.most + 500
    store = TraceStore(tmp_path, FakeClock(START_MS / 1000))
    rows = store.report(ReportQuery(by="org"))["rows"]
    assert {row["org"]: row["calls"] for row in rows} == {f"org-{number}": 125 for number in range(40)}
    store.close()
    ledger.close()


def test_traces_from_before_are_brought_in_once_beside_new_ones(tmp_path):
    ledger = opened(tmp_path)
    old = [
        TraceRecord(status="ok", trace_id=f"{n:032x}", started_at=START_MS - n * 60_000, cost_nano=n)
        for n in range(1_300)
    ]
    new = [
        TraceRecord(status="ok", trace_id=f"{n:032x}", started_at=START_MS, cost_nano=n) for n in range(2_000, 2_100)
    ]
    ledger.insert(old)
    db = ledger._connection  # as a migration leaves it
    db.execute("DELETE FROM usage_recent; UPDATE usage_filling SET upto = (SELECT max(id) FROM traces)")
    other = opened(tmp_path)
    store = TraceStore(tmp_path, FakeClock(START_MS / 1000))
    assert not store.report(ReportQuery())["complete"]
    ledger.insert(new)
    ledger.keep_up()
    other.keep_up()
    report = store.report(ReportQuery(by=""))
    assert report["complete"]
    assert report["totals"]["calls"] == 1_400
    assert report["totals"]["cost_usd"] == f"{sum(record.cost_nano for record in old + new) / 1e9:.9f}".rstrip("0")
    for closing in (store, ledger, other):
        closing.close()


def test_roll_ups_go_after_their_own_age_and_outlive_traces(tmp_path):
    ledger = opened(tmp_path)
    ages = [1, 34, 36, 399, 401, 440]
    ledger.insert(
        [
            TraceRecord(status="ok", trace_id=f"{age:032x}", started_at=START_MS - age * 24 * HOUR_MS, cost_nano=1)
            for age in ages
        ]
    )
    while not move(ledger._connection):
        pass
    retention = Retention(tmp_path, RetentionSettings(), FakeClock(START_MS / 1000))
    for _ in range(5):
        retention._due_s = 0.0
        retention.turn()
    assert summed(ledger, "traces", ["1"]) == [1]
    assert summed(ledger, "usage_hours", ["calls"]) == [2]
    assert summed(ledger, "usage_days", ["calls"]) == summed(ledger, "usage_brief_days", ["calls"]) == [4]
    assert summed(ledger, "usage_months", ["calls"]) == [5]  # a month stays while a day of it does
    retention.close()
    ledger.close()


def test_traces_that_are_not_brought_in_yet_are_not_deleted_for_their_age(tmp_path):
    ledger = opened(tmp_path)
    ledger.insert([TraceRecord(status="ok", trace_id="1", started_at=START_MS - 100 * 24 * HOUR_MS, cost_nano=7)])
    ledger._connection.execute("DELETE FROM usage_recent; UPDATE usage_filling SET upto = 1")
    retention = Retention(tmp_path, RetentionSettings(), FakeClock(START_MS / 1000))
    retention.turn()
    assert summed(ledger, "traces", ["1"]) == [1]
    ledger.keep_up()
    retention._due_s = 0.0
    retention.turn()
    assert summed(ledger, "traces", ["1"]) == [0]
    assert summed(ledger, "usage_days", ["cost_nano"]) == [7]
    retention.close()
    ledger.close()
