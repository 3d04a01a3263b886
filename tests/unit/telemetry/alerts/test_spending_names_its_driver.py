"""Spending out of the ordinary is found in the ledger, and who is behind it is named."""

import pytest
from tests.unit.telemetry.alerts.conftest import START_S

from headworks.core.money import NANO_PER_USD
from headworks.telemetry.alerts.watch import hours
from headworks.telemetry.alerts.watch.spend import SpendWatch
from headworks.telemetry.ledger.tables import Ledger, open_ledger
from headworks.telemetry.record import TraceRecord

HOUR_S, WEEK_S = 3_600, 168 * 3_600


class Books:
    """A ledger to spend in, and the watch over it."""

    def __init__(self, kit, **spend):
        self.kit = kit
        self.ledger = Ledger(kit.folder)
        self.ledger.open()
        self.file = kit.desk().file
        self.watch = SpendWatch(kit.settings(spend=spend))
        self.number = 0

    def spend(self, usd, at_s=START_S, **given):
        self.number += 1
        usual = {"model": "claude-opus", "feature": "review", "org_id": "acme", "user_id": "u1", "prompt": "review@6"}
        cost = int(usd * NANO_PER_USD)
        record = TraceRecord(
            status="ok", trace_id=f"t{self.number}", started_at=int(at_s * 1000), cost_nano=cost, **{**usual, **given}
        )
        self.ledger.insert([record])

    def usual_weeks(self, usd=5.0, weeks=5, users=("u1", "u2", "u17")):
        """Every hour around this one, in past weeks: each user spends the same. Yesterday much was spent."""
        self.spend(400.0, START_S - 24 * HOUR_S)
        for week in range(1, weeks + 1):
            for shift in (-1, 0, 1):
                for user in users:
                    self.spend(usd / len(users), START_S - week * WEEK_S + shift * HOUR_S, user_id=user)

    def look(self, now_s=START_S + 1800):
        reader = open_ledger(self.kit.folder)
        with self.file.writing() as db:
            while hours.follow(db, reader):
                pass
        with self.file.reading() as db:
            found = self.watch.look(db, reader, now_s)
        reader.close()
        return found

    def close(self):
        self.ledger.close()
        self.file.close()


@pytest.fixture
def books(kit):
    made = []

    def make(**spend):
        made.append(Books(kit, **spend))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_the_driver_is_named_with_its_prompt_and_since_when(books):
    ours = books()
    ours.usual_weeks(15.0)
    ours.spend(5.0, user_id="u1")
    for minute in range(20):
        ours.spend(1.1, START_S - 1_200 + 60 * minute, user_id="u17", prompt="review@7")  # since 09:40
    (alert,) = ours.look()
    assert alert.title == "claude-opus for feature review, user u17: +340%, prompt review@7 since 09:40"
    assert (alert.kind, alert.subject, alert.severity) == ("spend_anomaly", "user u17", "warning")
    assert alert.facts["spent"] == "22.00 USD"
    assert alert.facts["usual"] == "5.00 USD"


def test_what_is_usual_raises_nothing(books):
    ours = books()
    ours.usual_weeks(60.0)
    for user in ("u1", "u2", "u17"):
        ours.spend(30.0, user_id=user)
    assert ours.look() == []


def test_little_money_raises_nothing_however_unusual(books):
    ours = books()
    ours.usual_weeks(0.1)
    ours.spend(4.9)
    assert ours.look() == []


def test_without_a_past_nothing_is_judged(books):
    ours = books()
    ours.usual_weeks(1.0, weeks=1)
    ours.spend(500.0)
    assert ours.look() == []


def test_a_rise_of_many_users_names_none_of_them(books):
    ours = books()
    ours.usual_weeks(9.0)
    for number in range(20):
        ours.spend(5.0, user_id=f"w{number}", prompt="review@7")
    titles = {alert.subject: alert.title for alert in ours.look() if not alert.subject.startswith("user")}
    assert titles == {"feature review": "claude-opus for feature review: +1011%, prompt review@7 since 10:00"}


def test_two_troubles_are_two_alerts(books):
    ours = books()
    ours.usual_weeks(9.0)
    for week in range(1, 6):
        ours.spend(9.0, START_S - week * WEEK_S, feature="chat", model="gpt", user_id="u9", org_id="beta", prompt=None)
    ours.spend(90.0, user_id="u17")
    ours.spend(60.0, feature="chat", model="gpt", user_id="u9", org_id="beta", prompt=None)
    assert [alert.title for alert in ours.look() if alert.kind == "spend_anomaly"] == [
        "claude-opus for feature review, user u17: +2900%, prompt review@6",
        "gpt for feature chat, user u9: +567%",
    ]


def test_one_who_never_spent_before_is_new(books):
    ours = books()
    ours.usual_weeks(9.0)
    ours.spend(30.0, user_id="stranger")
    assert [alert.title for alert in ours.look()] == [
        "claude-opus for feature review, user stranger: new, prompt review@6"
    ]


def test_it_lasts_until_a_whole_hour_was_usual(books):
    ours = books()
    ours.usual_weeks(9.0)
    ours.spend(90.0)
    assert ours.look(START_S + HOUR_S + 60)
    assert ours.look(START_S + 2 * HOUR_S + 60) == []


def test_the_same_user_name_in_two_organisations_is_two_users(books):
    ours = books()
    ours.usual_weeks(9.0, users=("u1",))
    ours.spend(8.0, org_id="acme")
    ours.spend(8.0, org_id="beta")
    assert [alert.facts["spent"] for alert in ours.look() if alert.subject == "user u1"] == ["8.00 USD"]


def test_a_day_that_costs_twice_the_day_before_is_told_of(books):
    ours = books()
    ours.spend(50.0, START_S - 30 * HOUR_S, org_id="acme")
    ours.spend(50.0, START_S - 40 * HOUR_S, org_id="beta")
    ours.spend(50.0, START_S - 20 * HOUR_S, org_id="beta")
    ours.spend(99.0, START_S - 5 * HOUR_S, org_id="acme")
    ours.spend(99.0, START_S - 5 * HOUR_S, org_id="beta")
    assert ours.look() == []
    ours.spend(1.0, org_id="beta")
    (alert,) = ours.look()
    assert alert.kind == "spend_day"
    assert alert.subject == "org beta, day"
    assert alert.title == "Org beta has spent 100.00 USD today, 2.0 times as much as yesterday (50.00 USD)."
    assert ours.look(START_S + 15 * HOUR_S) == []


def test_a_cheap_day_is_never_told_of(books):
    ours = books()
    ours.spend(0.01, START_S - 40 * HOUR_S)
    ours.spend(19.0)
    assert ours.look() == []
    ours.spend(1.0)
    assert [alert.kind for alert in ours.look()] == ["spend_day"]


def test_each_trace_counts_once_and_unpriced_ones_nothing(books):
    ours = books()
    ours.spend(1.0)
    ours.spend(2.0)
    ours.ledger.insert([TraceRecord(status="ok", trace_id="x", started_at=int(START_S * 1000), feature="review")])
    for _ in range(3):
        ours.look()
    with ours.file.reading() as db:
        spent = hours.spent(db, hours.Scope("feature", "", "review"), [int(START_S) // HOUR_S])
    assert list(spent.values()) == [3.0 * NANO_PER_USD]


def test_another_ledger_in_its_place_starts_from_nothing(books, kit):
    ours = books()
    ours.spend(1.0)
    ours.spend(2.0)
    ours.look()
    ours.ledger.close()
    for path in kit.folder.glob("traces.sqlite*"):
        path.unlink()
    ours.ledger.open()
    ours.spend(4.0)
    ours.look()
    with ours.file.reading() as db:
        spent = hours.spent(db, hours.Scope("all", "", ""), [int(START_S) // HOUR_S])
    assert list(spent.values()) == [4.0 * NANO_PER_USD]
