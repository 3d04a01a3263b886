"""A server that is killed, frozen or comes back empty: nothing is lost, nothing counts twice, no call waits for it."""

import asyncio
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.contract.accounts.conftest import LIMITS, money, shared, until
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement
from headworks.budgets.accounts.shared.keeper import SharedAccounts
from headworks.core.errors import StoreError

_CLAIMS = [money("a", 10)]
_QUICK = replace(LIMITS, call_s=0.05)


async def balance(accounts: SharedAccounts, account: str = "a") -> Balance | None:
    """How an account stands; None while nobody can tell."""
    try:
        return (await accounts.balances([account]))[0]
    except StoreError:
        return None


async def stands_at(accounts: SharedAccounts, spent: int, reserved: int) -> None:
    async def stands() -> bool:
        return accounts.up and await balance(accounts) == Balance(spent, reserved)

    await until(stands)


async def away(accounts: SharedAccounts) -> None:
    async def gone() -> bool:
        return not accounts.up

    await until(gone)


async def test_a_server_killed_in_the_middle_of_reserving_refuses_calls_and_keeps_no_hold(
    harmed: Valkey, tmp_path: Path
) -> None:
    accounts = shared(harmed, tmp_path)
    await accounts.start()
    asking = [asyncio.ensure_future(accounts.reserve(str(n), [money("a", 1)])) for n in range(50)]
    await asyncio.sleep(0)
    harmed.kill()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(answer is None or isinstance(answer, StoreError) for answer in answers)
    await away(accounts)
    with pytest.raises(StoreError) as refused:
        await accounts.reserve("later", _CLAIMS)
    assert (refused.value.code, refused.value.status) == ("store_unavailable", 503)
    harmed.start()
    await stands_at(accounts, 0, answers.count(None))
    for n, answer in enumerate(answers):
        if answer is None:
            await accounts.settle(str(n), [money("a", 1)], Settlement(amounts={"a": 1}))
    await stands_at(accounts, answers.count(None), 0)
    await accounts.stop()


async def test_a_frozen_server_refuses_calls_at_once_and_nothing_stays_reserved(harmed: Valkey, tmp_path: Path) -> None:
    accounts = shared(harmed, tmp_path, limits=_QUICK)
    await accounts.start()
    harmed.freeze()
    began_s = time.perf_counter()
    answers = await asyncio.gather(*(accounts.reserve(str(n), _CLAIMS) for n in range(5)), return_exceptions=True)
    assert all(isinstance(answer, StoreError) for answer in answers)
    for n in range(5, 100):
        with pytest.raises(StoreError):
            await accounts.reserve(str(n), _CLAIMS)
    assert time.perf_counter() - began_s < 5, "three late answers, and no more is waited for"
    harmed.thaw()
    await stands_at(accounts, 0, 0)
    assert await accounts.reserve("fits", [money("a", 100)]) is None
    await accounts.stop()


async def test_what_is_settled_while_the_server_is_frozen_is_debited_once(harmed: Valkey, tmp_path: Path) -> None:
    accounts = shared(harmed, tmp_path, limits=_QUICK)
    await accounts.start()
    for n in range(4):
        assert await accounts.reserve(str(n), _CLAIMS) is None
    harmed.freeze()
    # The first settlements reach the socket and are done late; the last ones are only written here.
    first = await asyncio.gather(*(accounts.settle(str(n), _CLAIMS, Settlement(amounts={"a": 9})) for n in range(2)))
    await accounts.settle("2", _CLAIMS, Settlement(amounts={"a": 9}))
    await accounts.settle("3", _CLAIMS, Settlement(amounts={"a": 9}))
    assert first == [True, True]
    assert not await accounts.settle("3", _CLAIMS, Settlement(amounts={"a": 9}))
    harmed.thaw()
    await stands_at(accounts, 36, 0)
    await accounts.stop()


async def test_what_a_dead_process_settled_without_the_server_is_told_by_the_next(
    harmed: Valkey, tmp_path: Path
) -> None:
    accounts = shared(harmed, tmp_path)
    await accounts.start()
    assert await accounts.reserve("1", _CLAIMS) is None
    harmed.freeze()
    await asyncio.gather(accounts.settle("1", _CLAIMS, Settlement(amounts={"a": 9})))
    await accounts.stop()
    harmed.kill()
    harmed.start()
    following = shared(harmed, tmp_path)
    await following.start()
    assert not await following.settle("1", _CLAIMS, Settlement(amounts={"a": 9}))
    await stands_at(following, 9, 0)
    await following.stop()


async def test_a_server_that_comes_back_empty_is_told_everything_before_it_grants(
    harmed: Valkey, tmp_path: Path
) -> None:
    limits = replace(LIMITS, report_s=1.0)
    machines = [shared(harmed, tmp_path / name, limits=limits) for name in ("one", "two", "three")]
    await asyncio.gather(*(machine.start() for machine in machines))
    for n, machine in enumerate(machines[:2]):
        await machine.reserve(str(n), [money("a", 20)])
        await machine.settle(str(n), [money("a", 20)], Settlement(amounts={"a": 20}))
        assert await machine.reserve(f"under way {n}", [money("a", 15)]) is None
    for _ in range(2):
        harmed.kill()
        harmed.start()
        await until(lambda: _says_short(machines[2]))
        for machine in machines:
            await stands_at(machine, 40, 30)
    for n, machine in enumerate(machines[:2]):
        await machine.settle(f"under way {n}", [money("a", 15)], Settlement(amounts={"a": 10}))
    for machine in machines:
        await stands_at(machine, 60, 0)
        await machine.stop()


async def _says_short(machine: SharedAccounts) -> bool:
    """Whether 31 more are refused for want of room; they must not be granted, ever."""
    try:
        shortage = await machine.reserve("more", [money("a", 31)])
    except StoreError:
        return False
    assert shortage is not None
    return True


async def test_a_server_that_is_emptied_is_noticed_without_a_call(valkey: Valkey, tmp_path: Path) -> None:
    machines = [shared(valkey, tmp_path / name) for name in ("one", "two")]
    for n, machine in enumerate(machines):
        await machine.start()
        await machine.reserve(str(n), _CLAIMS)
        await machine.settle(str(n), _CLAIMS, Settlement(amounts={"a": 10}))
    valkey.ask("FLUSHALL")
    for machine in machines:
        await stands_at(machine, 20, 0)
        await machine.stop()


async def as_many_as_fit(machines: list[SharedAccounts]) -> list[tuple[SharedAccounts, str]]:
    """Holds that machines grant, asked in turn."""
    asked = [(machine, f"away {n} {place}") for n in range(10) for place, machine in enumerate(machines)]
    return [(machine, hold) for machine, hold in asked if await machine.reserve(hold, _CLAIMS) is None]


async def test_machines_go_on_from_their_shares_and_what_they_spent_is_reconciled_once(
    harmed: Valkey, tmp_path: Path
) -> None:
    machines = [shared(harmed, tmp_path / name, on_failure="open-with-local-share") for name in ("one", "two")]
    for machine in machines:
        await machine.start()
    for n, machine in enumerate(machines):
        await machine.reserve(str(n), _CLAIMS)
        await machine.settle(str(n), _CLAIMS, Settlement(amounts={"a": 10}))
    for machine in machines:
        await machine.sweep()  # also sees how accounts stand, and who is there
    harmed.kill()
    for machine in machines:
        await away(machine)
    granted = await as_many_as_fit(machines)
    assert len(granted) == 8, "80 are left: 40 each"
    for machine, hold in granted[:6]:
        assert await machine.settle(hold, _CLAIMS, Settlement(amounts={"a": 8}))
    harmed.start()
    for machine in machines:
        await stands_at(machine, 20 + 6 * 8, 20)
    for machine, hold in granted[6:]:
        assert await machine.settle(hold, _CLAIMS, Settlement(amounts={"a": 8}))
    for machine in machines:
        await stands_at(machine, 20 + 8 * 8, 0)
        await machine.stop()


async def test_a_hold_of_the_server_is_raised_from_the_share(harmed: Valkey, tmp_path: Path) -> None:
    accounts = shared(harmed, tmp_path, on_failure="open-with-local-share")
    await accounts.start()
    claims = [money("a", 40), Claim("rpm", "pace", 1, 60)]
    assert await accounts.reserve("1", claims) is None
    await accounts.sweep()
    harmed.kill()
    await away(accounts)
    more = [money("a", 90), Claim("rpm", "pace", 1, 60)]
    assert await accounts.reserve("1", more) is None
    assert await accounts.reserve("1", [money("a", 101), more[1]]) is not None
    harmed.start()
    await stands_at(accounts, 0, 90)
    assert await accounts.settle("1", more, Settlement(amounts={"a": 70, "rpm": 1}))
    await stands_at(accounts, 70, 0)
    await accounts.stop()


async def test_a_machine_that_never_reached_its_server_has_no_share(tmp_path: Path, harmed: Valkey) -> None:
    harmed.kill()
    accounts = shared(harmed, tmp_path, on_failure="open-with-local-share")
    await accounts.start()
    with pytest.raises(StoreError, match="never reached"):
        await accounts.reserve("1", _CLAIMS)
    await accounts.stop()


async def test_nothing_is_granted_while_this_machine_cannot_write_what_is_spent(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path)
    await accounts.start()
    assert await accounts.reserve("1", _CLAIMS) is None
    await accounts._local.stop()  # as a full disk would refuse it
    with pytest.raises(StoreError):
        await accounts.settle("1", _CLAIMS, Settlement(amounts={"a": 9}))
    with pytest.raises(StoreError):
        await accounts.reserve("2", _CLAIMS)
    await accounts._local.start()

    async def reserves() -> bool:
        try:
            return await accounts.reserve("2", _CLAIMS) is None
        except StoreError:
            return False

    await until(reserves)
    assert await accounts.settle("1", _CLAIMS, Settlement(amounts={"a": 9}))
    assert await balance(accounts) == Balance(9, 10)
    await accounts.stop()


async def test_a_server_out_of_memory_refuses_calls_but_takes_settlements(harmed: Valkey, tmp_path: Path) -> None:
    accounts = shared(harmed, tmp_path)
    await accounts.start()
    assert await accounts.reserve("1", _CLAIMS) is None
    harmed.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreError, match="OOM"):
        await accounts.reserve("2", _CLAIMS)
    assert await accounts.settle("1", _CLAIMS, Settlement(amounts={"a": 9}))
    harmed.ask("CONFIG", "SET", "maxmemory", "0")
    await stands_at(accounts, 9, 0)
    await accounts.stop()
