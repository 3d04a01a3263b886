"""`headworks alerts`: lists what a data directory or a gateway knows, and tests the channels of a config."""

import sys

import pytest
from tests.unit.cli.conftest import KEY

from headworks.core.people.alerting import Alert
from headworks.telemetry.alerts import AlertFile, AlertSettings

NOW_S = 1_795_428_000.0


@pytest.fixture
def configured(headworks, gateway, tmp_path):
    """Runs commands with a config of two channels: one that works, one that nobody listens for."""
    (tmp_path / "headworks.yaml").write_text(
        "alerts:\n"
        "  channels:\n"
        f"    ops: {{slack_url: '{gateway.url}/services/s3cr3t-of-slack', min_severity: critical}}\n"
        "    dead: {webhook_url: 'http://127.0.0.1:1/s3cr3t-of-the-hook'}\n",
        encoding="utf-8",
    )
    return lambda *tokens: headworks(*tokens, "--config", "headworks.yaml")


@pytest.fixture
def alarmed(headworks, tmp_path):
    """Runs commands where one alert is open, one is over, and a message waits."""
    folder = tmp_path / "headworks-data"
    folder.mkdir()
    file = AlertFile(folder)
    settings = AlertSettings.model_validate({"channels": {"ops": {"webhook_url": "http://127.0.0.1:1/hook"}}})
    down = Alert(kind="provider_down", subject="provider lab", severity="critical", title="Provider lab is down.")
    mark = Alert(kind="budget_mark", subject="org acme", severity="warning", title="80% are spent.")
    over = Alert(kind="budget_mark", subject="org acme", severity="warning", title="80% are spent.", resolved=True)
    file.note([(down, NOW_S), (mark, NOW_S), (over, NOW_S + 5)], settings, NOW_S + 5)
    file.close()
    return headworks


def test_what_is_wrong_is_listed_with_what_could_not_be_told(alarmed):
    ran = alarmed("alerts", "list")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[1].split()[:5] == ["open", "critical", "provider_down", "provider", "lab"]
    assert lines[2].split()[0] == "resolved"
    assert lines[-1].split()[:3] == ["ops", "waiting", "0"]
    found = alarmed("alerts", "list", "--json").json
    assert [(alert["subject"], alert["open"]) for alert in found["alerts"]] == [
        ("provider lab", True),
        ("org acme", False),
    ]
    assert found["alerts"][0]["since"] == "2026-11-23T10:00:00.000Z"
    assert [alert["title"] for alert in found["undelivered"][0]["alerts"]] == [
        "CRITICAL: Provider lab is down.",
        "RESOLVED: 80% are spent.",
    ]


def test_a_directory_without_alerts_has_none_and_gets_no_file(headworks, tmp_path):
    assert headworks("alerts", "list").out == "Nothing is wrong, and nothing was of late.\n"
    assert not (tmp_path / "headworks-data").exists()


def test_a_test_says_what_arrived_and_holds_no_secret(configured, gateway):
    ran = configured("alerts", "test", "--channel", "dead")
    assert ran.code == 1
    assert ran.out.startswith("dead: The connection to channel `dead` failed")
    assert "s3cr3t" not in ran.out + ran.err
    assert configured("alerts", "test", "--channel", "nobody").code == 1
    assert "There is no channel `nobody`" in configured("alerts", "test", "--channel", "nobody").err


def test_a_channel_that_says_no_is_told_of(configured):
    ran = configured("alerts", "test", "--channel", "ops", "--json")
    assert (ran.code, ran.json) == (
        1,
        {"data": [{"channel": "ops", "error": "Channel `ops` answered with status 401."}]},
    )


def test_without_channels_there_is_nothing_to_test(headworks):
    ran = headworks("alerts", "test")
    assert (ran.code, ran.err) == (
        1,
        "There is no channel. Channels: none; name them under `alerts.channels`.\n",
    )


def test_a_gateway_is_asked(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    ran = headworks("alerts", "list", "--url", gateway.url)
    assert (ran.code, "does not answer as a Headworks gateway" in ran.err) == (1, True)
    ran = headworks("alerts", "test", "--channel", "ops", "--url", gateway.url)
    assert (ran.code, "does not answer as a Headworks gateway" in ran.err) == (1, True)
    assert gateway.asked == [("POST", "/admin/v1/alerts/test", {"channel": "ops"})]


def test_check_and_doctor_say_what_to_install(headworks, tmp_path, monkeypatch):
    (tmp_path / "c.yaml").write_text("alerts: {channels: {mail: {apprise_urls: ['mailto://u:p@h']}}}", encoding="utf-8")
    assert headworks("check", "c.yaml", "--json").json["advice"] == []
    monkeypatch.setitem(sys.modules, "apprise", None)  # as where it is not installed
    ran = headworks("check", "c.yaml")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "Alert channel `mail` needs apprise: install headworks[alerts]."
    assert "BAD  apprise" in headworks("doctor", "c.yaml").out
    ran = headworks("alerts", "test", "--config", "c.yaml")
    assert (ran.code, ran.out) == (1, "mail: Channel `mail` needs apprise: install headworks[alerts].\n")
