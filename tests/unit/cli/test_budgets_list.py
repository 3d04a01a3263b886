"""How budgets stand, from a data directory that gateways have used, and through the admin API."""

import asyncio

import pytest

from headworks.budgets.accounts.protocol import Claim, Settlement
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.core.clock import SystemClock

CONFIG = """
providers:
  lab: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: none}
models:
  fast: {provider: lab, model: lab-small, price_usd_per_mtok: {input: 2, output: 10}}
budgets:
  limits:
    - {scope: org, name: acme, usd_total: 2}
    - {scope: user, tokens_total: 1000}
"""
ACME, ANN, OLD = "usd|org|acme|total|", "tokens|user|ann%1B|total|", "usd|org|gone|total|"


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "headworks.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    return str(file)


@pytest.fixture
def accounts(tmp_path):
    """Acme has spent half a dollar and a call has reserved as much; ann 100 tokens; of `gone` the limit is gone."""

    async def called() -> None:
        accounts = SqliteAccounts(tmp_path / "headworks-data", SystemClock())
        await accounts.start()
        claims = [Claim(ACME, "budget", 500_000_000), Claim(ANN, "budget", 100), Claim(OLD, "budget", 1)]
        for hold in ("first", "second"):
            assert await accounts.reserve(hold, claims) is None
        await accounts.settle("first", claims, Settlement(amounts={ACME: 500_000_000, ANN: 100, OLD: 1}))
        await accounts.settle("second", claims, Settlement(amounts={}))
        await accounts.stop()

    (tmp_path / "headworks-data").mkdir()
    asyncio.run(called())


def test_what_is_spent_and_left_is_listed_the_fullest_first(headworks, config, accounts):
    ran = headworks("budgets", "list", "--config", config)
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[1] == ["org", "acme", "2", "USD", "in", "all", "0.5", "0", "1.5", "25.0%", "-"]
    assert lines[2] == ["user", "ann?", "1000", "tokens", "in", "all", "100", "0", "900", "10.0%", "-"]
    assert lines[3] == ["org", "gone", "-", "USD", "in", "all", "0.000000001", "0", "-", "-", "-"]
    assert ran.code == 0


def test_a_program_is_told_the_same_exactly(headworks, config, accounts):
    rows = headworks("budgets", "list", "--config", config, "--json").json
    assert {row["name"]: (row["limit"], row["spent"], row["left"]) for row in rows} == {
        "acme": ("2", "0.5", "1.5"),
        "ann\x1b": (1000, 100, 900),
        "gone": (None, "0.000000001", None),
    }


@pytest.mark.parametrize(
    ("asked", "names"),
    [(("--scope", "user"), ["ann\x1b"]), (("--name", "acme"), ["acme"]), (("--used", "20"), ["acme"])],
)
def test_only_what_is_asked_for_is_listed(headworks, config, accounts, asked, names):
    rows = headworks("budgets", "list", "--config", config, *asked, "--json").json
    assert [row["name"] for row in rows] == names


def test_a_scope_that_there_is_not_is_bad_usage(headworks, config, accounts):
    ran = headworks("budgets", "list", "--config", config, "--scope", "usr")
    assert ran.code == 2
    assert "usr" in ran.err


def test_a_directory_without_calls_says_so(headworks, config, tmp_path):
    ran = headworks("budgets", "list", "--config", config)
    assert "Nothing that has a limit has been called yet" in ran.out
    assert not list(tmp_path.glob("headworks-data/budgets*"))


def test_a_running_gateway_is_asked(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "hw-admin-secret")
    ran = headworks("budgets", "list", "--url", gateway.url)
    assert "acme" in ran.out
    assert "75.0%" in ran.out
