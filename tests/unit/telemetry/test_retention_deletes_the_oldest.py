"""Age and size limits, bodies by the day, space given back, and no turn that takes long."""

import os

import pytest
from msgspec import Raw

from headworks.telemetry.config import RetentionSettings
from headworks.telemetry.ledger.feedback import Feedback
from headworks.telemetry.ledger.retention import EVERY_S, Retention
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord

DAY_MS = 86_400_000


@pytest.fixture
def fill(tmp_path, kit):
    ledger = Ledger(tmp_path)
    ledger.open()

    def fill(days: list[int], each: int, body: bytes = b"null", **more) -> None:
        start_ms = int(kit.START_S * 1000)
        for day in days:
            ledger.insert(
                [
                    TraceRecord(
                        status="ok",
                        trace_id=f"{day:016x}{number:016x}",
                        started_at=start_ms - day * DAY_MS + number,
                        request=Raw(body),
                        response=Raw(body),
                        **more,
                    )
                    for number in range(each)
                ]
            )

    yield fill
    ledger.close()


@pytest.fixture
def clean(tmp_path, clock):
    made = []

    def clean(turns: int = 50, **limits) -> Retention:
        retention = Retention(tmp_path, RetentionSettings.model_construct(**{"max_bytes": 10**12, **limits}), clock)
        made.append(retention)
        for _ in range(turns):
            retention.turn()
        return retention

    yield clean
    for retention in made:
        retention.close()


def ledger_bytes(store) -> int:
    [(size,)] = store._query("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", ())
    return size


def ages(store) -> list[int]:
    return sorted({int(trace["trace_id"][:16], 16) for page in store.pages() for trace in page})


def test_traces_past_their_age_go_with_bodies_and_feedback(fill, clean, store, tmp_path):
    fill([0, 3, 6, 20], 700, b'{"x":1}')
    store.feedback(Feedback(trace_id=f"{20:016x}{1:016x}", feedback="thumbs_up"))
    store.feedback(Feedback(trace_id=f"{0:016x}{1:016x}", feedback="thumbs_up"))
    clean(max_age_days=5)
    assert ages(store) == [0, 3]
    assert store._query("SELECT count(*) FROM feedback", ()) == [(1,)]
    assert sorted(path.stem for path in (tmp_path / "payloads").glob("*.sqlite")) == ["2026-11-20", "2026-11-23"]
    assert not any(path.name.startswith("2026-11-03") for path in (tmp_path / "payloads").iterdir())


def test_too_many_bytes_delete_the_oldest_records(fill, clean, store, tmp_path):
    fill([0, 1, 2, 3], 1_000, feature="x" * 200)
    clean(max_age_days=30, max_bytes=ledger_bytes(store) // 2)
    remaining = ages(store)
    assert 0 in remaining
    assert 3 not in remaining
    assert sum(len(page) for page in store.pages()) >= 1_000


def test_bodies_go_first_when_they_hold_most_of_the_bytes(fill, clean, store, tmp_path):
    fill([0, 1, 2], 100, b'"' + os.urandom(20_000).hex().encode() + b'"')
    clean(max_age_days=30, max_bytes=12_000_000)
    assert ages(store) == [0, 1, 2]
    days = sorted(path.stem for path in (tmp_path / "payloads").glob("*.sqlite"))
    assert days == ["2026-11-22", "2026-11-23"]
    assert store.get(f"{2:016x}{1:016x}")["response"] is None


def test_freed_space_returns_to_the_file_system(fill, clean, store, tmp_path):
    fill([40], 8_000, feature="x" * 200)
    before = ledger_bytes(store)
    clean(max_age_days=5)
    assert store.list() == ([], None)
    assert ledger_bytes(store) < before // 2


def test_nothing_is_looked_at_again_before_it_is_time(fill, clean, store, clock):
    fill([4], 10)
    retention = clean(max_age_days=5)
    clock.advance(2 * 86_400)
    fill([9], 10)  # inserted after the look
    retention._due_s = clock.monotonic() + EVERY_S
    retention.turn()
    assert ages(store) == [4, 9]
    clock.advance(EVERY_S)
    retention.turn()
    assert ages(store) == []
