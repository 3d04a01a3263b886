"""Drills from the command line: what is bad usage, what a game day asks for, and that it ends what it began."""

import json
import os
import signal
import subprocess
import sys

import pytest
from tests.unit.cli.conftest import KEY


def test_what_is_shipped_is_listed(headworks):
    listed = headworks("drill", "list", "--json").json
    assert {"lasting-503", "chaos-10000"} <= {one["name"] for one in listed}
    assert [one["name"] for one in listed if one["long"]] == ["chaos-10000", "provider-down-10-min"]
    assert "lasting-503  " in headworks("drill", "list").out


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["drill", "run"], "name a scenario, a file, or `all`"),
        (["drill", "run", "lastng-503"], "did you mean `lasting-503`?"),
        (["drill", "run", "bad.yaml"], "bad.yaml:2:1: laod: unknown key `laod` (did you mean `load`?)"),
        (["drill", "run", "utf8-split", "--config", "none.yaml"], "none.yaml: cannot be read"),
        (["drill", "run", "utf8-split", "--parallel", "0"], "--parallel"),
        (["drill", "game-day", "dwn", "--provider", "p"], "Try `headworks drill game-day --help`."),
        (["drill", "game-day", "down"], "Try `headworks drill game-day --help`."),
    ],
)
def test_bad_usage_exits_2(headworks, tmp_path, tokens, sentence):
    (tmp_path / "bad.yaml").write_text("title: x\nlaod: {}\n")
    ran = headworks(*tokens)
    assert ran.code == 2
    assert sentence in " ".join(ran.err.split())


def test_bad_usage_is_json_for_those_who_asked_for_it(headworks):
    ran = headworks("drill", "run", "lastng-503", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (2, "invalid_config")


def test_a_report_that_has_no_place_is_said_before_anything_runs(headworks, tmp_path):
    (tmp_path / "taken").write_text("")
    ran = headworks("drill", "run", "utf8-split", "--report", "taken")
    assert (ran.code, ran.err) == (1, "taken cannot be made: File exists.\n")


def test_a_game_day_asks_for_its_fault_and_waits_until_it_is_over(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    tokens = ("cut-streams", "--provider", "openai", "--share", "0.5", "--for", "1s", "--url", gateway.url)
    ran = headworks("drill", "game-day", *tokens, "--json")
    body = {"fault": "cut-streams", "provider": "openai", "share": 0.5, "seconds": 1}
    assert [json.loads(line) for line in ran.out.splitlines()] == [{"begun": body}, {"ended": True}]
    assert gateway.asked == [("POST", "/admin/v1/faults", body)]  # the gateway ends it by itself
    assert ran.code == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--share", "0"], "--share must be more than 0"),
        (["--share", "1.5"], "--share must be more than 0"),
        (["--for", "soon"], "`soon` is not a duration"),
        (["--provider", "nobody", "--for", "1s"], "No provider is called `nobody`."),
        (["--url", "nonsense"], "--url must be an address"),
    ],
)
def test_a_game_day_that_cannot_be_held_is_refused(headworks, gateway, monkeypatch, more, sentence):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    given = {"--provider": "openai", "--url": gateway.url} | dict(zip(more[::2], more[1::2], strict=True))
    ran = headworks("drill", "game-day", "down", *(token for pair in given.items() for token in pair))
    assert ran.code == 1
    assert sentence in ran.err


def test_a_game_day_needs_the_admin_key(headworks):
    assert "HEADWORKS_ADMIN_KEY" in headworks("drill", "game-day", "down", "--provider", "openai").err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_an_interrupted_game_day_ends_its_fault(gateway, number, code):
    command = ("drill", "game-day", "down", "--provider", "openai", "--for", "1h", "--url", gateway.url, "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "headworks", *command],
        env={"PATH": os.environ["PATH"], "HEADWORKS_ADMIN_KEY": KEY},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert json.loads(process.stdout.readline())["begun"]["seconds"] == 3600
    process.send_signal(number)
    assert process.wait(20) == code
    process.stdout.close()
    assert gateway.asked[1:] == [("DELETE", "/admin/v1/faults", None)]
