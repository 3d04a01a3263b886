"""The keepers of accounts, and a Valkey server for those that need one, emptied before each test."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.protocol import Accounts, Claim
from headworks.budgets.accounts.shared.keeper import SharedAccounts
from headworks.budgets.accounts.shared.settings import PACE, OnFailure, SharedLimits
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.core.clock import SystemClock
from headworks.testing import FakeClock

LIMITS = SharedLimits(
    call_s=2.0, lease_s=0.6, look_s=0.05, sweep_s=0.1, report_s=0.0, first_pause_s=0.02, longest_pause_s=0.05
)
"""A call may wait long where waiting is not what is tested: the machine may be busy."""
PATIENCE_S = 20.0
CLOCK = SystemClock()
Made = Callable[[], Accounts]
Story = Callable[[Accounts], Awaitable[Any]]


@pytest.fixture
def clock() -> FakeClock:
    """Time stands still unless a test moves it."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "shared"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Made:
    """Makes a keeper; those that one test makes share their accounts."""
    if kind == "sqlite":
        return lambda: SqliteAccounts(tmp_path, clock)
    server: Valkey = request.getfixturevalue("valkey")
    return lambda: shared(server, tmp_path)


@pytest.fixture
def later(kind: str, request: pytest.FixtureRequest, clock: FakeClock) -> Callable[[float], None]:
    """Lets time go by: for a keeper whose time is its server's, what stands there becomes so much older."""
    if kind == "sqlite":
        return clock.advance
    server: Valkey = request.getfixturevalue("valkey")

    def age(seconds: float) -> None:
        for key in server.ask("KEYS", PACE.replace("{", "\\{") + "*"):
            server.ask("SET", key, str(int(server.ask("GET", key)) - round(seconds * 1_000_000)))

    return age


def shared(
    server: Valkey, folder: Path, *, on_failure: OnFailure = "closed", limits: SharedLimits = LIMITS
) -> SharedAccounts:
    """A worker of the machine whose data lies in `folder`."""
    return SharedAccounts(server.url, SqliteAccounts(folder, CLOCK), CLOCK, on_failure=on_failure, limits=limits)


def told(made: Made, story: Story) -> Any:
    async def run() -> Any:
        accounts = made()
        await accounts.start()
        try:
            return await story(accounts)
        finally:
            await accounts.stop()

    return asyncio.run(run())


def money(account: str, amount: int, most: int | None = 100) -> Claim:
    return Claim(account, "sum", amount, most)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Return when it holds; it has to soon."""
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110  the server cannot ring
            await asyncio.sleep(0.01)
