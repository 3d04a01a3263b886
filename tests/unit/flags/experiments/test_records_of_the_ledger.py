"""The reader finds an experiment's calls and thumbs in the ledger, each once, and passes over what says nothing."""

import pytest

from headworks.core.errors import StoreError
from headworks.server.admin.experiments.records import LedgerRecords
from headworks.telemetry import TraceStore
from headworks.telemetry.ledger.feedback import Feedback
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord
from headworks.testing import FakeClock


class Book:
    """A ledger that a test writes into, and its reader."""

    def __init__(self, folder) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger(folder)
        self.ledger.open()
        self.traces = TraceStore(folder, self.clock)
        self.read = LedgerRecords(folder, self.clock)
        self.since_s = self.clock.now()

    def wrote(self, trace_id: str, **fields) -> None:
        given = {"status": "ok", "feature": "bot", "experiment": "bot-1:new", "user_id": "ann", "latency_ms": 1_500.0}
        at = int(self.clock.now() * 1000)
        self.ledger.insert([TraceRecord(**{"trace_id": trace_id, "started_at": at, **given, **fields})])

    def all(self, place=None):
        return self.read("bot", "bot-1", self.since_s, place)


@pytest.fixture
def book(tmp_path):
    made = Book(tmp_path)
    yield made
    made.ledger.close()
    made.traces.close()


def test_a_call_is_read_with_all_that_is_measured(book):
    book.wrote("t1", cost_nano=2_000_000, ttft_ms=250.0, cache_hit=True)
    (call,) = book.all().calls
    assert (call.unit, call.variant, call.cost_usd, call.latency_s, call.ttft_s, call.cache_hit) == (
        "u:ann",
        "new",
        0.002,
        1.5,
        0.25,
        True,
    )
    assert (call.failed, call.refused, call.at_s) == (False, False, book.since_s)


def test_who_called_is_told_as_at_the_split(book):
    book.wrote("t1", user_id=None, session_id="s1", key_id="k1")
    book.wrote("t2", user_id=None, key_id="k1")
    assert [call.unit for call in book.all().calls] == ["s:s1", "k:k1"]


def test_other_features_and_experiments_are_not_read(book):
    book.wrote("t1", experiment="bot-10:new")
    book.wrote("t2", experiment=None)
    book.wrote("t3", feature="search")
    book.wrote("t4", experiment="bot-1:control")
    assert [call.variant for call in book.all().calls] == ["control"]


@pytest.mark.parametrize(
    ("fields", "failed", "refused"),
    [
        ({"status": "failed", "error_code": "provider_error"}, True, False),
        ({"status": "refused", "error_code": "invalid_request"}, True, False),
        ({"status": "refused", "error_code": "content_policy_violation"}, False, True),
        ({"finish_reason": "refusal"}, False, True),
        ({"finish_reason": "content_filter"}, False, True),
        ({"status": "client_gone"}, False, False),
    ],
)
def test_how_a_call_ended_is_the_variants_doing_or_not(book, fields, failed, refused):
    book.wrote("t1", **fields)
    (call,) = book.all().calls
    assert (call.failed, call.refused) == (failed, refused)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "lost"},
        {"status": "shutdown"},
        {"status": "refused", "error_code": "insufficient_quota"},
        {"status": "refused", "error_code": "feature_disabled"},
    ],
)
def test_what_says_nothing_of_a_variant_is_passed_over(book, fields):
    book.wrote("t1", **fields)
    assert book.all().calls == []


def test_reading_goes_on_after_the_last_record(book):
    book.wrote("t0", started_at=1)
    book.wrote("t1")
    first = book.all()
    book.wrote("t2")
    second = book.all(first.place)
    assert [call.trace_id for call in first.calls] == ["t1"]
    assert [call.trace_id for call in second.calls] == ["t2"]
    assert book.all(second.place).calls == []


def test_thumbs_are_read_with_the_call_they_are_on(book):
    book.wrote("t1")
    book.wrote("t2", experiment=None)
    for trace_id, thumb in (("t1", "thumbs_up"), ("t2", "thumbs_up"), ("t1", "thumbs_down")):
        book.traces.feedback(Feedback(trace_id=trace_id, feedback=thumb), None)
    batch = book.all()
    assert [(one.trace_id, one.value, one.unit) for one in batch.opinions] == [
        ("t1", 1.0, "u:ann"),
        ("t1", 0.0, "u:ann"),
    ]
    assert book.all(batch.place).opinions == []


def test_a_thumb_waits_for_the_record_of_its_call(book):
    book.wrote("t1")
    book.traces.feedback(Feedback(trace_id="t1", feedback="thumbs_up"), None)
    place = book.all().place
    connection = book.ledger._connection
    at = int(book.clock.now() * 1000)
    connection.execute("INSERT INTO feedback (trace_id, feedback, at) VALUES ('t2', 'thumbs_up', ?)", (at,))
    before = book.all(place)
    book.wrote("t2")
    assert before.opinions == []
    assert [one.trace_id for one in book.all(before.place).opinions] == ["t2"]
    connection.execute("INSERT INTO feedback (trace_id, feedback, at) VALUES ('t9', 'thumbs_up', ?)", (at,))
    book.clock.advance(121)
    after = book.all(before.place)
    assert after.place[1] == 3  # it did not come: nobody waits for it any longer


def test_a_long_ledger_is_read_in_pieces(book, tmp_path):
    for number in range(7):
        book.wrote(f"t{number}")
    read = LedgerRecords(tmp_path, book.clock, rows=3)
    place, seen, more = None, [], True
    while more:
        batch = read("bot", "bot-1", book.since_s, place)
        place, more = batch.place, batch.more
        seen += [call.trace_id for call in batch.calls]
    assert seen == [f"t{number}" for number in range(7)]


def test_before_the_first_call_there_is_nothing(tmp_path):
    batch = LedgerRecords(tmp_path / "none", FakeClock())("bot", "bot-1", 0.0, None)
    assert (batch.calls, batch.place, batch.more) == ([], (), False)


def test_a_ledger_that_is_none_is_said_to_be_unreadable(tmp_path):
    (tmp_path / "traces.sqlite").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError):
        LedgerRecords(tmp_path, FakeClock())("bot", "bot-1", 0.0, None)
