"""Torn lines, full disks, siblings alive and dead, segments that end: the spool keeps what can be kept."""

import os
import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import StoreError
from headworks.telemetry.backlog import Backlog
from headworks.telemetry.ledger.tables import open_ledger
from headworks.telemetry.record import TraceRecord, decode, encode
from headworks.telemetry.spool import SEGMENT_BYTES, Spool, find_spooled


def line(number: int, status: str = "ok", **more: object) -> bytes:
    return encode(TraceRecord(status=status, trace_id=f"{number:032x}", started_at=1, **more)) + b"\n"


def drained(backlog: Backlog) -> list[str]:
    found = []
    while batch := backlog.next():
        found += [f"{int(record.trace_id, 16)}:{record.status}" for record in batch.records]
        backlog.stored(batch)
    return found


def dead_worker(folder, *lines: bytes) -> Spool:
    spool = Spool(folder, "dead")
    assert spool.open() == []
    for text in lines:
        spool.append(text)
    spool.close(finished=False)
    return spool


def test_a_truncated_last_line_costs_only_itself(tmp_path):
    dead_worker(tmp_path, line(1, "lost"), line(1), line(2, "lost"), line(2)[:40])
    [group] = Spool(tmp_path, "new").open()
    assert drained(Backlog(group, dead=True)) == ["1:ok", "2:lost"]


def test_garbage_in_the_middle_is_counted_and_passed_over(tmp_path):
    dead_worker(tmp_path, line(1), b"\x00\xff not a record\n", b"\n", line(2))
    [group] = Spool(tmp_path, "new").open()
    backlog = Backlog(group, dead=True)
    assert drained(backlog) == ["1:ok", "2:ok"]
    assert backlog.broken_lines == 1


def test_a_batch_that_was_not_stored_is_read_again(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(line(1))
    backlog = Backlog(spool.segments, dead=False)
    assert backlog.next().records == backlog.next().records
    assert drained(backlog) == ["1:ok"]
    assert backlog.next() is None


def kept(spool: Spool, *numbers: int, **more: object) -> None:
    for number in numbers:
        text = line(number, **more)
        spool.keep(text, decode(text))


def test_records_at_hand_are_not_read_again(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(line(1, "lost"))
    kept(spool, 1, 2)
    batch = Backlog(spool.segments, dead=False).next()
    assert [record is held[2] for record, held in zip(batch.records, spool.segments[0]._at_hand, strict=True)] == [
        True
    ] * 2
    assert batch.size == spool.segments[0].size()


@pytest.mark.parametrize("read", [True, False], ids=["read", "at hand"])
def test_a_batch_at_hand_that_was_not_stored_comes_again(tmp_path, read):
    spool = Spool(tmp_path, "w")
    spool.open()
    kept(spool, 1, 2)
    backlog = Backlog(spool.segments, dead=False)
    assert backlog.next().records == backlog.next().records
    if read:
        spool.segments[0]._at_hand.clear()
    assert drained(backlog) == ["1:ok", "2:ok"]
    kept(spool, 3)
    assert drained(backlog) == ["3:ok"]


@given(st.lists(st.sampled_from(["hand", "long", "begun", "held", "drain", "batch", "rotate"]), max_size=40))
def test_every_record_is_stored_once_in_order_however_it_is_found(tmp_path_factory, steps):
    spool = Spool(tmp_path_factory.mktemp("spool"), "w")
    spool.open()
    backlog = Backlog(spool.segments, dead=False)
    found, written = [], []
    for number, step in enumerate(steps):
        if step == "hand":
            kept(spool, number)
        elif step == "long":
            kept(spool, number, requested_model="m" * 9000)
        elif step == "begun":
            spool.append(line(number, "lost"))
        elif step == "held":
            spool._failing = "test"
            spool.keep(line(number), decode(line(number)))
            spool.retry()
        elif step == "drain":
            found += drained(backlog)
        elif step == "batch" and (batch := backlog.next()) is not None:
            found += [f"{int(record.trace_id, 16)}:{record.status}" for record in batch.records]
            backlog.stored(batch)
        elif step == "rotate":
            spool.segments[-1].read_to, before = SEGMENT_BYTES, spool.segments[-1].read_to
            spool.rotate(list)
            spool.segments[-2].read_to = before
        if step in ("hand", "long", "held"):
            written.append(f"{number}:ok")
    found += drained(backlog)
    spool.close(finished=True)
    assert found == written


def test_segments_of_living_siblings_are_left_alone(tmp_path):
    sibling = Spool(tmp_path, "a")
    sibling.open()
    sibling.append(line(1))
    assert Spool(tmp_path, "b").open() == []
    sibling.close(finished=False)
    [[segment]] = Spool(tmp_path, "c").open()  # a's, now dead; b lives on
    assert segment.path.name.startswith("a-")


def test_a_call_that_began_in_one_segment_and_ended_in_the_next_is_not_lost(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(line(1, "lost"))
    spool.append(line(2, "lost"))
    spool.segments[0].read_to = SEGMENT_BYTES  # as if much had been stored
    spool.rotate(lambda: [line(1, "lost"), line(2, "lost")])
    spool.append(line(1))
    assert len(spool.segments) == 2
    spool.close(finished=False)
    [group] = Spool(tmp_path, "new").open()
    assert drained(Backlog(group, dead=True)) == ["1:ok", "2:lost"]


def test_a_full_segment_is_deleted_once_stored(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    backlog = Backlog(spool.segments, dead=False)
    big = line(1, model="m" * 100_000)
    while spool.segments[0].size() < SEGMENT_BYTES:
        spool.append(big)
    spool.rotate(list)
    assert len(spool.segments) == 1  # not yet stored
    drained(backlog)
    spool.rotate(list)
    assert backlog.next() is None
    assert len(list(tmp_path.glob("*.jsonl"))) == 1
    assert spool.backlog() == 0


def test_a_line_longer_than_the_reading_window_is_read_whole(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(line(1, model="m" * 3_000_000))
    assert drained(Backlog(spool.segments, dead=False)) == ["1:ok"]


def test_a_full_disk_is_survived_and_made_good(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    good = spool.segments[0].descriptor
    spool.segments[0].descriptor = os.open("/dev/full", os.O_WRONLY)
    spool.keep(line(1))
    spool.keep(line(2))
    spool.retry()
    os.close(spool.segments[0].descriptor)
    spool.segments[0].descriptor = good
    spool.keep(line(3))
    spool.retry()
    assert drained(Backlog(spool.segments, dead=False)) == ["1:ok", "2:ok", "3:ok"]
    assert spool.dropped == 0


def test_what_does_not_fit_in_memory_is_dropped_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("headworks.telemetry.spool.HELD_BYTES", 250)
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.segments[0].release()
    for number in range(10):
        spool.keep(line(number))
    assert spool.dropped == 10 - 250 // len(line(0))


def test_half_a_line_left_by_a_full_disk_spoils_no_other(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, hard))
    try:
        spool.keep(line(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert spool.segments[0].size() == 20
    spool.retry()
    spool.keep(line(2))
    assert drained(Backlog(spool.segments, dead=False)) == ["1:ok", "2:ok"]


def test_a_backlog_over_its_limit_stops_filling_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("headworks.telemetry.spool.BACKLOG_BYTES", 100)
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.keep(line(1, model="m" * 200))
    spool.retry()
    size = spool.segments[0].size()
    spool.keep(line(2))
    assert spool.segments[0].size() == size
    backlog = Backlog(spool.segments, dead=False)
    assert drained(backlog) == ["1:ok"]
    spool.retry()
    assert drained(backlog) == ["2:ok"]


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written to"):
        Spool(tmp_path / "file" / "spool", "w").open()


def test_a_record_is_found_in_the_spool_by_its_id(tmp_path):
    spool = Spool(tmp_path, "w")
    spool.open()
    spool.append(line(1, "lost"))
    spool.append(line(1, model="final"))
    spool.append(line(2, "lost"))
    assert find_spooled(tmp_path, f"{1:032x}").model == "final"
    assert find_spooled(tmp_path, f"{2:032x}").status == "lost"
    assert find_spooled(tmp_path, f"{3:032x}") is None
    assert find_spooled(tmp_path, '"},{') is None
    assert find_spooled(tmp_path / "nowhere", f"{1:032x}") is None


async def test_a_database_that_refuses_keeps_records_waiting(tmp_path, make_recorder, store, kit):
    recorder = make_recorder()
    await recorder.start()
    await kit.whole_call(recorder)
    await recorder.flush()
    ledger = open_ledger(tmp_path)
    ledger.execute("CREATE TRIGGER refuse BEFORE INSERT ON traces BEGIN SELECT RAISE(ABORT, 'not now'); END")
    await kit.whole_call(recorder)
    await recorder.flush()
    assert len(store.list()[0]) == 1
    assert b"headworks_spool_depth_bytes 0.0" not in recorder.metrics_text()
    ledger.execute("DROP TRIGGER refuse")
    ledger.close()
    await recorder.flush()
    assert len(store.list()[0]) == 2
    await recorder.stop()


async def test_stopping_with_a_call_open_leaves_its_mark_for_the_next_start(make_recorder, store, clock, kit):
    recorder = make_recorder()
    await recorder.start()
    ask = kit.ask()
    recorder.open(ask, kit.CALLER, clock.monotonic())
    await recorder.stop()
    recorder = make_recorder()
    await recorder.start()
    await recorder.flush()
    found = store.get(ask.trace_id)
    assert (found["status"], found["org_id"], found["cost_usd"], found["priced"]) == ("lost", "acme", None, False)
    await recorder.stop()
