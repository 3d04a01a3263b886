"""Switches end by themselves, once, and everybody who should is told."""

import pytest

from headworks.core.errors import BadAskError
from headworks.core.people.alerting import Alert
from headworks.flags.switches import KINDS, Switches, SwitchWish
from headworks.testing import FakeBoard, FakeClock


class Heard:
    """Satisfies `Alerts`."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def tell(self, alert: Alert) -> None:
        self.alerts.append(alert)


def wish(kind: str = "feature", name: str = "bot", **more) -> SwitchWish:
    return SwitchWish(kind=kind, name=name, why="w", **more)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def board(clock):
    return FakeBoard(clock)


async def test_a_switch_ends_at_its_time_to_the_moment_and_one_worker_says_so(board, clock):
    workers = [Switches(board, clock, Heard()) for _ in range(3)]
    await workers[0].kill(wish(for_s=60.0), "ann")
    clock.advance(59.9)
    assert [one.is_off("feature", "bot") for one in workers] == [True] * 3
    clock.advance(0.1)
    assert [one.is_off("feature", "bot") for one in workers] == [False] * 3
    for one in workers:
        await one.end_due()
    flips = await workers[0].history()
    assert [(flip.value is None, flip.who) for flip in flips] == [(True, "headworks"), (False, "ann")]


async def test_killing_again_changes_the_end_and_the_reason(board, clock):
    switches = Switches(board, clock, Heard())
    await switches.kill(wish(for_s=60.0), "ann")
    clock.advance(30)
    await switches.kill(SwitchWish(kind="feature", name="bot", why="longer"), "bob")
    clock.advance(1_000_000)
    await switches.end_due()
    (one,) = switches.standing()
    assert (one.why, one.who, one.until_s) == ("longer", "bob", None)


async def test_alerts_are_raised_and_taken_back(board, clock):
    heard = Heard()
    switches = Switches(board, clock, heard)
    await switches.kill(wish(), "ann")
    await switches.kill(wish("model", "m"), "ann")
    await switches.revive("feature", "bot", who="ann")
    told = [(alert.kind, alert.subject, alert.resolved) for alert in heard.alerts]
    assert told == [("switch", "feature/bot", False), ("switch", "model/m", False), ("switch", "feature/bot", True)]
    assert heard.alerts[0].facts == {"to switch it on": "headworks flags revive feature bot"}
    assert switches.current() is not None
    await switches.revive("model", "m", who="ann")
    assert switches.current() is None


async def test_what_another_version_has_written_is_passed_over(board, clock):
    switches = Switches(board, clock, Heard())
    await board.put("switch", "galaxy/far", b"{}", who="x")
    await board.put("switch", "feature/odd", b'{"until_s": "soon"}', who="x")
    await switches.kill(wish(), "ann")
    assert [one.name for one in switches.standing()] == ["bot"]


@pytest.mark.parametrize("for_s", [0.0, -1.0, float("nan"), float("inf"), 10**9])
async def test_durations_that_are_none_are_refused(board, clock, for_s):
    with pytest.raises(BadAskError):
        await Switches(board, clock, Heard()).kill(wish(for_s=for_s), "ann")
    assert await board.history() == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "all"])
async def test_names_are_kept_as_they_are(board, clock, kind):
    switches = Switches(board, clock, Heard())
    await switches.kill(wish(kind, "a/b ü|@7"), "ann")
    assert switches.is_off(KINDS[kind], "a/b ü|@7")
    await switches.revive(kind, "a/b ü|@7", who="ann")
    assert not switches.is_off(KINDS[kind], "a/b ü|@7")
