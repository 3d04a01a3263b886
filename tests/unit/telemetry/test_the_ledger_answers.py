"""Pages, filters, one trace whole, feedback, exports."""

import io
import json
from decimal import Decimal

import apsw
import pytest
from pyarrow import parquet

from headworks.core.errors import BadAskError, StoreError
from headworks.core.replies import RefusalDelta, TextDelta, ThinkingDelta, ToolArgumentsDelta, ToolCallStarted
from headworks.telemetry import TraceStore, export_jsonl, read_feedback
from headworks.telemetry.ledger.filters import since_ms
from headworks.telemetry.ledger.parquet import export_parquet
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.open()
    yield ledger
    ledger.close()


def records(kit, count: int, **more) -> list[TraceRecord]:
    start_ms = int(kit.START_S * 1000)
    return [
        TraceRecord(
            **{
                "status": "ok",
                "trace_id": f"{number:032x}",
                "started_at": start_ms + number // 3 * 1000,  # threes share a moment
                "model": f"m{number % 2}",
                "feature": f"f{number % 5}",
                "org_id": f"o{number % 3}",
                "user_id": f"u{number % 4}",
                **more,
            }
        )
        for number in range(count)
    ]


def test_a_walk_over_the_pages_meets_every_trace_once_newest_first(ledger, store, kit):
    ledger.insert(records(kit, 100))
    seen, cursor = [], None
    while True:
        page, cursor = store.list(limit=7, cursor=cursor)
        seen += [int(trace["trace_id"], 16) for trace in page]
        if cursor is None:
            break
    assert seen == list(range(99, -1, -1))


def test_only_records_that_were_not_there_come_back_each_once(ledger, store, kit):
    first, later = records(kit, 50), records(kit, 120)
    assert ledger.insert(first) == first
    assert ledger.insert([*later, later[70], first[3]]) == later[50:]
    assert ledger.insert(later) == ledger.insert([]) == []
    assert sum(len(page) for page in store.pages()) == 120


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"feature": "f1"}, 20),
        ({"model": "m0"}, 50),
        ({"user": "u3"}, 25),
        ({"org": "o0"}, 34),
        ({"model": "m0", "user": "u0"}, 25),
        ({"model": None, "status": "ok"}, 100),
        ({"status": "failed"}, 0),
        ({"since": "2026-11-23T10:00:30Z"}, 10),
        ({"since": "3s"}, 100),
        ({"feature": "f1' OR 1=1 --"}, 0),
    ],
)
def test_filters_narrow_the_list(ledger, store, kit, filters, count):
    ledger.insert(records(kit, 100))
    assert len(store.list(limit=1000, **filters)[0]) == count


def test_every_filter_walks_an_index(ledger, store, tmp_path, kit):
    ledger.insert(records(kit, 10))
    connection = apsw.Connection(str(tmp_path / "traces.sqlite"))
    for term in ("feature = 'x'", "model = 'x'", "user_id = 'x'", "org_id = 'x'", "status = 'x' AND status <> 'ok'"):
        sql = f"EXPLAIN QUERY PLAN SELECT * FROM traces WHERE {term} AND (started_at, id) < (9, 9)"
        plan = connection.execute(f"{sql} ORDER BY started_at DESC, id DESC LIMIT 9").fetchall()
        assert "USING INDEX traces_by_" in plan[0][3]
        assert not any("TEMP B-TREE" in step[3] for step in plan)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 0},
        {"limit": 1001},
        {"cursor": "x"},
        {"cursor": "1-2; DROP"},
        {"status": "fine"},
        {"since": "soon"},
        {"since": "9" * 400},
        {"since": float("nan")},
    ],
)
def test_a_wrong_question_is_the_askers_fault(ledger, store, wrong):
    with pytest.raises(BadAskError):
        store.list(**wrong)


def test_since_takes_times_numbers_and_ages():
    assert since_ms("2026-11-23T10:00:00Z", 0) == since_ms("1795428000", 0) == since_ms(1_795_428_000.0, 0)
    assert since_ms("2026-11-23T12:00:00+02:00", 0) == since_ms("2026-11-23T10:00:00", 0)
    assert since_ms("2h", 7_201.0) == 1_000


def test_the_same_record_is_stored_once(ledger, store, kit):
    assert len(ledger.insert(records(kit, 3))) == 3
    assert len(ledger.insert(records(kit, 4))) == 1
    assert len(store.list()[0]) == 4


def test_tail_follows_the_order_of_storing(ledger, store, kit):
    old, new = records(kit, 2)
    ledger.insert([new])
    first, position = store.tail()
    assert [trace["trace_id"] for trace in first] == [new.trace_id]
    ledger.insert([old])  # a long call that began before
    second, position = store.tail(position)
    assert [trace["trace_id"] for trace in second] == [old.trace_id]
    assert store.tail(position) == ([], position)


def test_a_directory_without_a_ledger_is_said_plainly(tmp_path):
    with pytest.raises(StoreError, match="no gateway has run"):
        TraceStore(tmp_path / "empty").list()


async def test_bodies_are_kept_where_the_feature_captures_them(recorder, store, clock, kit, tmp_path):
    ask = kit.ask()
    trace = recorder.open(ask, kit.CALLER, clock.monotonic())
    trace.routed(type(kit.ROUTE)(feature="f", query_type="explicit", targets=(kit.TARGET,), capture="bodies"))
    trace.attempt(kit.TARGET, clock.monotonic())
    events = [
        ThinkingDelta("hm"),
        TextDelta("good "),
        TextDelta("day"),
        RefusalDelta("no", choice=1),
        ToolCallStarted(slot=0, id="c1", name="add"),
        ToolArgumentsDelta(0, '{"a":'),
        ToolArgumentsDelta(0, "1}"),
    ]
    await kit.read(trace, kit.reply(events))
    trace.close()
    spooled = store.get(ask.trace_id)
    await recorder.flush()
    stored = store.get(ask.trace_id)
    assert spooled == stored
    assert stored["request"] == {"model": "fast", "messages": [{"role": "user", "content": "hello"}]}
    assert stored["response"] == {
        "choices": [
            {
                "text": "good day",
                "thinking": "hm",
                "tool_calls": [{"id": "c1", "name": "add", "arguments": '{"a":1}'}],
            },
            {"refusal": "no"},
        ]
    }
    assert [path.name for path in (tmp_path / "payloads").glob("*.sqlite")] == ["2026-11-23.sqlite"]
    assert "request" not in store.list()[0][0]


async def test_bodies_are_not_kept_by_default(recorder, store, kit, tmp_path):
    trace_id = await kit.whole_call(recorder)
    await recorder.flush()
    assert (store.get(trace_id)["request"], store.get(trace_id)["response"]) == (None, None)
    assert not (tmp_path / "payloads").exists()


async def test_feedback_joins_its_trace_even_before_it_is_stored(recorder, store, kit):
    trace_id = await kit.whole_call(recorder)
    store.feedback(note(trace_id, comment="meh", feedback="thumbs_down"), "acme")
    store.feedback(note(trace_id, score=0.9, correction="better"), "acme")
    await recorder.flush()
    expected = {
        "feedback": "thumbs_up",
        "score": 0.9,
        "comment": None,
        "correction": "better",
        "at": "2026-11-23T10:00:00.000Z",
    }
    assert store.get(trace_id)["user_feedback"] == expected
    assert store.list()[0][0]["user_feedback"] == expected


async def test_feedback_for_an_unknown_or_foreign_trace_is_404(recorder, store, kit):
    trace_id = await kit.whole_call(recorder)
    for turn in ("spooled", "stored"):
        for asked, org in (("0" * 32, "acme"), ("nonsense", "acme"), (trace_id, "other")):
            with pytest.raises(BadAskError) as caught:
                store.feedback(note(asked), org)
            assert (caught.value.code, caught.value.status) == ("unknown_trace", 404), turn
        await recorder.flush()
    store.feedback(note(trace_id), None)


def note(trace_id: str, **more):
    return read_feedback(json.dumps({"trace_id": trace_id, "feedback": "thumbs_up", **more}).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"trace_id":"x"}',
        b'{"trace_id":"x","feedback":"meh"}',
        b'{"trace_id":1,"feedback":"thumbs_up"}',
        b'{"trace_id":"x","feedback":"thumbs_up","score":"1"}',
        b'{"trace_id":"x","feedback":"thumbs_up","stars":5}',
        b'{"trace_id":"x","feedback":"thumbs_up","score":1e999}',
        b'{"trace_id":"x","feedback":"thumbs_up","comment":"' + b"x" * 20_001 + b'"}',
    ],
)
def test_malformed_feedback_is_refused(body):
    with pytest.raises(BadAskError):
        read_feedback(body)


def test_export_as_json_lines_holds_every_matching_trace(ledger, store, kit):
    ledger.insert(records(kit, 1_500, cost_nano=7))
    file = io.BytesIO()
    assert export_jsonl(store, file, model="m1") == 750
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert len({line["trace_id"] for line in lines}) == 750
    assert lines[0]["cost_usd"] == 7e-09


def test_export_as_parquet_keeps_money_exact(ledger, store, kit, tmp_path):
    ledger.insert(records(kit, 3, cost_nano=1, tags={"a": "b"}))
    assert export_parquet(store, tmp_path / "out.parquet") == 3
    table = parquet.read_table(tmp_path / "out.parquet")
    row = table.to_pylist()[0]
    assert row["cost_usd"] == Decimal("0.000000001")
    assert (row["total_tokens"], row["tags"], row["attempts"]) == (0, '{"a":"b"}', None)
    assert row["started_at"].isoformat() == "2026-11-23T10:00:00+00:00"
    assert set(table.column_names) == set(store.list()[0][0])


def test_an_export_of_nothing_is_a_valid_empty_file(ledger, store, tmp_path):
    assert export_parquet(store, tmp_path / "out.parquet") == 0
    assert parquet.read_table(tmp_path / "out.parquet").num_rows == 0
