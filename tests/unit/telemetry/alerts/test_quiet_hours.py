"""In quiet hours only what is critical goes out; the rest comes as one message when they end."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.rules import due, quiet_until

NIGHT = {"start": "22:00", "end": "07:00"}
HOUR_S = 3_600.0


def settings(start="22:00", end="07:00", zone="UTC"):
    return AlertSettings.model_validate({"time_zone": zone, "quiet_hours": {"start": start, "end": end}})


async def test_the_night_is_quiet_but_for_what_is_critical(kit):
    desk = kit.desk(quiet_hours=NIGHT)
    await kit.turn(desk, 13 * HOUR_S)  # 23:00
    desk.tell(kit.alert())
    desk.tell(kit.alert(kind="provider_down", subject="provider lab", severity="critical"))
    await kit.turn(desk)
    await kit.turn(desk, 2 * HOUR_S)
    desk.tell(kit.alert(subject="org beta, month"))
    await kit.turn(desk, HOUR_S)
    assert kit.told() == [[("provider lab", "critical", False)]]
    await kit.turn(desk, 5 * HOUR_S)  # 07:00
    assert kit.told()[1:] == [[("org acme, month", "warning", False), ("org beta, month", "warning", False)]]
    assert kit.receiver.bodies[1]["digest"] is True


async def test_who_was_woken_is_told_that_it_is_over(kit):
    desk = kit.desk(quiet_hours=NIGHT)
    await kit.turn(desk, 14 * HOUR_S)
    for resolved in (False, True):
        desk.tell(kit.alert(severity="critical", resolved=resolved))
        await kit.turn(desk)
    assert kit.told() == [[("org acme, month", "critical", False)], [("org acme, month", "critical", True)]]


async def test_what_becomes_critical_in_the_night_is_not_told_again_in_the_morning(kit):
    desk = kit.desk(quiet_hours=NIGHT)
    await kit.turn(desk, 14 * HOUR_S)
    desk.tell(kit.alert())
    await kit.turn(desk)
    desk.tell(kit.alert(severity="critical"))
    await kit.turn(desk)
    await kit.turn(desk, 10 * HOUR_S)
    assert kit.told() == [[("org acme, month", "critical", False)]]


async def test_what_could_not_be_sent_before_the_night_waits_for_the_morning(kit):
    desk = kit.desk(quiet_hours={"start": "10:00", "end": "12:00"})
    kit.clock.jump(-1)  # 09:59:59
    kit.receiver.status = 500
    desk.tell(kit.alert())
    await kit.turn(desk)
    kit.receiver.status = 200
    await kit.turn(desk, 60)
    assert len(kit.receiver.received) == 1
    await kit.turn(desk, 2 * HOUR_S)
    assert len(kit.receiver.received) == 2


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-11-23T21:59:59", None),
        ("2026-11-23T22:00:00", "2026-11-24T07:00:00"),
        ("2026-11-24T03:00:00", "2026-11-24T07:00:00"),
        ("2026-11-24T07:00:00", None),
    ],
)
def test_the_night_reaches_over_midnight(at, until):
    found = quiet_until(settings(), datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())
    assert found == (until and datetime.fromisoformat(until).replace(tzinfo=UTC).timestamp())


def test_hours_are_those_of_the_time_zone_in_winter_and_summer():
    for day, utc_hour in (("2026-01-10", 6), ("2026-07-10", 5)):
        night = datetime.fromisoformat(f"{day}T01:00:00").replace(tzinfo=ZoneInfo("Europe/Berlin"))
        found = quiet_until(settings(zone="Europe/Berlin"), night.timestamp())
        assert datetime.fromtimestamp(found, UTC).hour == utc_hour


MINUTES = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])


@given(MINUTES, MINUTES, ZONES, st.integers(1_700_000_000, 1_900_000_000))
def test_quiet_hours_end_within_a_day_and_critical_never_waits(start, end, zone, at_s):
    if start == end:
        return
    rules = settings(start, end, zone)
    until_s = quiet_until(rules, at_s)
    assert due(rules, "critical", at_s) == (at_s, False)
    assert due(rules, "warning", at_s) == ((at_s, False) if until_s is None else (until_s, True))
    if until_s is not None:
        assert at_s < until_s <= at_s + 25 * HOUR_S
