"""Records are listed, shown, followed and exported from a data directory."""

import itertools
import json

import pyarrow.parquet as pq
import pytest

from headworks.cli.access.traces import StoredTraces
from headworks.telemetry.ledger.store import TraceStore
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord


def record(number: int, **more) -> TraceRecord:
    return TraceRecord(
        status="ok",
        trace_id=f"{number:032x}",
        started_at=1_795_000_000_000 + number,
        model="fast",
        org_id="o",
        prompt_tokens=number,
        cost_nano=number * 1000,
        **more,
    )


@pytest.fixture
def ledger(tmp_path):
    """A ledger with three records in the folder that commands run in."""
    ledger = Ledger(tmp_path / "headworks-data")
    ledger.open()
    ledger.insert([record(1), record(2, feature="bot", user_id="ann\x1b[31m"), record(3)])
    yield ledger
    ledger.close()


def test_the_newest_records_come_first(headworks, ledger):
    page = headworks("traces", "list", "--json").json
    assert [trace["prompt_tokens"] for trace in page["data"]] == [3, 2, 1]
    assert page["next"] is None


def test_a_long_list_goes_on_at_its_cursor(headworks, ledger):
    first = headworks("traces", "list", "--limit", "2", "--json").json
    second = headworks("traces", "list", "--limit", "2", "--cursor", first["next"], "--json").json
    assert [trace["prompt_tokens"] for trace in second["data"]] == [1]
    assert f"More: --cursor {first['next']}" in headworks("traces", "list", "--limit", "2").out


def test_records_can_be_chosen(headworks, ledger):
    assert len(headworks("traces", "list", "--feature", "bot", "--json").json["data"]) == 1
    assert headworks("traces", "list", "--model", "slow", "--json").json["data"] == []


def test_what_a_client_sent_cannot_steer_the_terminal(headworks, ledger):
    ran = headworks("traces", "list")
    assert "ann?[31m" in ran.out
    assert "\x1b" not in ran.out


def test_one_record_is_shown_whole(headworks, ledger):
    ran = headworks("traces", "show", f"{2:032x}")
    assert json.loads(ran.out)["feature"] == "bot"
    assert ran.out.count("\n") > 10
    assert headworks("traces", "show", f"{2:032x}", "--json").out.count("\n") == 1


def test_an_unknown_record_is_one_sentence(headworks, ledger):
    ran = headworks("traces", "show", "nothing")
    assert (ran.code, ran.err) == (1, "There is no trace `nothing`.\n")


def test_a_folder_without_records_is_one_sentence(headworks):
    ran = headworks("traces", "list")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_following_shows_the_last_and_then_the_new_ones(ledger, tmp_path):
    store = TraceStore(tmp_path / "headworks-data")
    batches = StoredTraces(store).follow()
    assert [trace["prompt_tokens"] for trace in next(batches)] == [1, 2, 3]
    assert next(batches) == []
    ledger.insert([record(4), record(5)])
    assert [trace["prompt_tokens"] for trace in next(itertools.islice(batches, 1))] == [4, 5]
    store.close()


def test_export_writes_json_lines(headworks, ledger, tmp_path):
    assert headworks("traces", "export", "out.jsonl", "--json").json == {"written": 3, "file": "out.jsonl"}
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["prompt_tokens"] for line in lines] == [3, 2, 1]


def test_export_writes_parquet(headworks, ledger, tmp_path):
    assert headworks("traces", "export", "out.parquet", "--format", "parquet", "--feature", "bot").code == 0
    assert pq.read_table(tmp_path / "out.parquet").column("prompt_tokens").to_pylist() == [2]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_file_that_cannot_be_written_is_one_sentence(headworks, ledger, form):
    ran = headworks("traces", "export", "no/folder/out", "--format", form)
    assert ran.code == 1
    assert "no/folder/out cannot be written: " in ran.err


def test_parquet_does_not_go_to_standard_output(headworks, ledger):
    assert headworks("traces", "export", "--format", "parquet").code == 1


def test_export_can_go_to_standard_output(headworks, ledger):
    ran = headworks("traces", "export")
    assert [json.loads(line)["prompt_tokens"] for line in ran.out.splitlines()] == [3, 2, 1]
