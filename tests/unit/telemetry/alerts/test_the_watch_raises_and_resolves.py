"""Rounds of the watch over a real ledger: what is promised and broken is raised, later it is over; one worker looks."""

import pytest
from tests.unit.telemetry.alerts.conftest import START_S

from headworks.telemetry.alerts.watch.promises import judged
from headworks.telemetry.alerts.watch.providers import unwell
from headworks.telemetry.alerts.watch.rounds import CALM_ROUNDS, Rounds
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord

LIMITS = {"bot": {"error_rate": 0.1, "p95_latency_ms": 1000, "p95_ttft_ms": 200}}


def lane(provider="lab", cause="open", since_s=START_S - 60, key=0, model="lab-1"):
    return {"provider": provider, "model": model, "key": key, "cause": cause, "state": cause, "since_s": since_s}


class Watched:
    """A desk, its watch, and a ledger that calls are put into."""

    def __init__(self, kit, **given):
        self.kit = kit
        self.lanes = []
        self.desk = kit.desk(**given)
        self.rounds = self.another(self.desk)
        self.ledger = Ledger(kit.folder)
        self.ledger.open()
        self.number = 0

    def another(self, desk):
        return Rounds(desk, self.kit.folder, self.kit.clock, lambda: {"lanes": self.lanes})

    def calls(self, count, **given):
        at = int(self.kit.clock.now() * 1000)
        records = []
        for _ in range(count):
            self.number += 1
            usual = {"status": "ok", "feature": "bot", "model": "m", "latency_ms": 100.0, "ttft_ms": 50.0}
            records.append(TraceRecord(trace_id=f"t{self.number}", started_at=at, **{**usual, **given}))
        self.ledger.insert(records)

    async def round(self, seconds=60.0):
        self.kit.clock.advance(seconds)
        await self.rounds.round()
        await self.kit.turn(self.desk)

    async def open(self):
        return sorted((row["kind"], row["subject"]) for row in (await self.desk.listed())["alerts"] if row["open"])


@pytest.fixture
def watched(kit):
    made = []

    def make(**given):
        made.append(Watched(kit, **given))
        return made[-1]

    yield make
    for one in made:
        one.ledger.close()


async def test_broken_promises_are_raised_and_over_when_kept_again(watched, kit):
    ours = watched(limits=LIMITS, cache_target={"bot": 0.3})
    ours.calls(30, latency_ms=3000.0, ttft_ms=900.0, cache_kind="miss")
    ours.calls(10, status="failed")
    await ours.round()
    kinds = ["cache_hit_rate", "error_rate", "latency", "ttft"]
    assert await ours.open() == [(kind, "feature bot") for kind in kinds]
    kit.clock.advance(16 * 60)
    ours.calls(40, cache_kind="hit-exact")
    for _ in range(CALM_ROUNDS - 1):
        await ours.round(1)
        assert len(await ours.open()) == 4
    await ours.round(1)
    assert await ours.open() == []
    await kit.turn(ours.desk)
    told = [(alert["kind"], alert["resolved"]) for body in kit.receiver.bodies for alert in body["alerts"]]
    assert sorted(told) == sorted((kind, over) for kind in kinds for over in (False, True))


async def test_what_is_told_says_the_figures(watched, kit):
    ours = watched(limits=LIMITS, cache_target={"bot": 0.3})
    ours.calls(18, latency_ms=3000.0, ttft_ms=900.0, cache_kind="miss")
    ours.calls(2, latency_ms=100.0, ttft_ms=50.0, cache_kind="joined")
    ours.calls(10, status="failed")
    await ours.round()
    assert sorted(alert["title"] for alert in kit.receiver.bodies[0]["alerts"]) == [
        "33.3% of the calls of feature bot failed in the last 15 minutes; the limit is 10.0%.",
        "95 of 100 answers of feature bot are begun after 900 ms; the limit is 200 ms.",
        "95 of 100 answers of feature bot are whole after 3000 ms; the limit is 1000 ms.",
        "The cache answered 10.0% of the calls of feature bot; the target is 30.0%.",
    ]


def test_few_calls_are_not_judged_and_refused_ones_are_no_failures(kit):
    settings = kit.settings(limits=LIMITS, cache_target={"bot": 0.3}, min_calls=20)
    slow = ("ok", 3000.0, 900.0, "miss")
    assert judged("bot", [slow] * 19, settings) == []
    assert [alert.kind for alert in judged("bot", [slow] * 20, settings)] == ["latency", "ttft", "cache_hit_rate"]
    fine = ("ok", 100.0, 50.0, "hit-exact")
    assert judged("bot", [fine] * 20 + [("refused", None, None, None)] * 100, settings) == []
    assert judged("bot", [("ok", 100.0, 50.0, None)] * 50, settings) == []  # no cache was asked


async def test_a_provider_that_is_down_and_a_dead_key_are_told_and_over_later(watched, kit):
    ours = watched()
    ours.lanes = [lane(), lane(model="lab-2"), lane("shed", "denied", key=1, model=None)]
    await ours.round()
    assert await ours.open() == [("key_dead", "provider shed, key 2"), ("provider_down", "provider lab")]
    ours.lanes = []
    for _ in range(CALM_ROUNDS):
        await ours.round()
    assert await ours.open() == []


def test_a_breaker_that_opened_just_now_and_a_rate_limit_are_no_alert():
    assert unwell({"lanes": [lane(since_s=START_S - 5), lane(cause="limited")]}, START_S) == []
    (alert,) = unwell({"lanes": [lane(), lane(model="lab-2", since_s=START_S - 300)]}, START_S)
    assert alert.title == "Provider lab has not answered well for 300 s."
    assert alert.facts["models"] == "lab-1, lab-2"
    assert unwell({}, START_S) == []


async def test_of_two_workers_one_looks_until_it_is_gone(watched, kit):
    ours = watched()
    other = ours.another(kit.desk())
    ours.lanes = [lane()]
    await ours.round()
    ours.lanes = []
    for _ in range(2 * CALM_ROUNDS):
        await other.round()  # another worker holds the watch: this one must not call it over
    await kit.turn(ours.desk)
    assert await ours.open() == [("provider_down", "provider lab")]
    kit.clock.advance(200)
    for _ in range(CALM_ROUNDS):
        await other.round()
    await kit.turn(kit.desks[1])
    assert await ours.open() == []


async def test_what_others_raised_is_not_taken_back_by_the_watch(watched, kit):
    ours = watched()
    ours.desk.tell(kit.alert())
    for _ in range(2 * CALM_ROUNDS):
        await ours.round()
    assert await ours.open() == [("budget_mark", "org acme, month")]


async def test_a_data_directory_without_a_ledger_is_watched_all_the_same(kit):
    desk = kit.desk()
    rounds = Rounds(desk, kit.folder / "nothing", kit.clock, lambda: {"lanes": [lane()]})
    await rounds.round()
    await kit.turn(desk)
    assert kit.told() == [[("provider lab", "critical", False)]]
