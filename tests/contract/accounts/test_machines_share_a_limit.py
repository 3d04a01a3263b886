"""Machines that share a server never go beyond a limit together; what one that is gone has reserved is released."""

import asyncio
import sys
from pathlib import Path

import msgspec
from tests.contract.accounts.conftest import money, shared, until
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement
from headworks.budgets.accounts.shared.keeper import SharedAccounts

_WORKER = """
import asyncio, sys
from pathlib import Path
from tests.contract.accounts.conftest import money, shared
from tests.contract.cache.valkey import Valkey

class There(Valkey):
    url = sys.argv[1]

async def main():
    accounts = shared(There(), Path(sys.argv[2]))
    await accounts.start()
    for n in range(3):
        assert await accounts.reserve(f"{sys.argv[2]}-{n}", [money("a", 20)]) is None
    print("reserved", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_two_machines_never_go_beyond_a_limit_together(valkey: Valkey, tmp_path: Path) -> None:
    machines = [shared(valkey, tmp_path / name) for name in ("one", "two")]
    for machine in machines:
        await machine.start()
    claims = [money("a", 7), money("b", 3, 1000), Claim("rpm", "pace", 1, 1000)]

    async def call(machine: SharedAccounts, hold: str) -> bool:
        if await machine.reserve(hold, claims) is not None:
            return False
        await asyncio.sleep(0)
        return await machine.settle(hold, claims, Settlement(amounts={"a": 5, "b": 3, "rpm": 1}))

    async def calls(start: int) -> int:
        return [await call(machines[n % 2], str(n)) for n in range(start, start + 20)].count(True)

    made = sum(await asyncio.gather(*(calls(20 * n) for n in range(20))))
    balance = (await machines[0].balances(["a"]))[0]
    assert balance == Balance(5 * made, 0)
    assert 80 <= balance.spent <= 100
    assert await machines[1].balances(["a", "b"]) == [balance, Balance(3 * made, 0)]
    for machine in machines:
        await machine.stop()


async def test_workers_of_one_machine_add_to_the_same_sum(valkey: Valkey, tmp_path: Path) -> None:
    workers = [shared(valkey, tmp_path) for _ in range(3)]
    for worker in workers:
        await worker.start()
    claims = [money("a", 1, 1000)]

    async def call(worker: SharedAccounts, hold: str) -> None:
        assert await worker.reserve(hold, claims) is None
        await worker.settle(hold, claims, Settlement(amounts={"a": 1}))

    await asyncio.gather(*(call(workers[n % 3], str(n)) for n in range(90)))
    for worker in workers:
        assert await worker.balances(["a"]) == [Balance(90, 0)]
    assert len(valkey.ask("HKEYS", "hw1:{budgets}:a:a")) == 3, "spent, reserved, and one machine"
    for worker in workers:
        await worker.stop()


async def test_holds_of_a_killed_machine_are_released_when_its_lease_ends(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path / "here")
    await accounts.start()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _WORKER, valkey.url, str(tmp_path / "there")),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"reserved\n"
    assert await accounts.balances(["a"]) == [Balance(0, 60)]
    assert await accounts.reserve("mine", [money("a", 41)]) is not None
    process.kill()
    await process.wait()

    async def released() -> bool:
        return await accounts.balances(["a"]) == [Balance()]

    await until(released)
    assert await accounts.reserve("mine", [money("a", 100)]) is None
    await accounts.stop()


async def test_a_worker_that_was_taken_for_dead_gets_its_holds_back_and_settles(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path)
    await accounts.start()
    claims = [money("a", 60)]
    assert await accounts.reserve("1", claims) is None
    for key in valkey.ask("KEYS", "hw1:*:h:*"):
        valkey.ask("DEL", key)  # as if another had released it
    valkey.ask("HSET", "hw1:{budgets}:a:a", "r", "0")

    async def back() -> bool:
        return await accounts.balances(["a"]) == [Balance(0, 60)]

    await until(back)
    for key in valkey.ask("KEYS", "hw1:*:h:*"):
        valkey.ask("DEL", key)
    valkey.ask("HSET", "hw1:{budgets}:a:a", "r", "0")
    assert await accounts.settle("1", claims, Settlement(amounts={"a": 50}))
    assert await accounts.balances(["a"]) == [Balance(50, 0)], "a late settlement is debited all the same"
    await accounts.stop()


async def test_scripts_that_the_server_forgot_are_told_again(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path)
    await accounts.start()
    valkey.ask("SCRIPT", "FLUSH")
    assert await accounts.reserve("1", [money("a", 60)]) is None
    await accounts.stop()


async def test_sums_beyond_what_a_float_can_count_are_exact(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path)
    await accounts.start()
    most = 10**17 + 1
    for n, used in enumerate([10**17 - 2, 1, 1]):
        assert await accounts.reserve(str(n), [money("a", 1, most)]) is None
        await accounts.settle(str(n), [money("a", 1, most)], Settlement(amounts={"a": used}))
    assert await accounts.balances(["a"]) == [Balance(10**17, 0)]
    assert await accounts.reserve("fits", [money("a", 1, most)]) is None
    assert await accounts.reserve("does not", [money("a", 1, most)]) is not None
    await accounts.stop()


async def test_names_of_any_kind_are_kept_apart(valkey: Valkey, tmp_path: Path) -> None:
    accounts = shared(valkey, tmp_path)
    await accounts.start()
    names = ["usd|user|Zoë 🦊|day|x", "a\nb", "a}b{c", "|" * 300, "hw1:{budgets}:a:x"]
    claims = [money(name, n + 1) for n, name in enumerate(names)]
    assert await accounts.reserve("1", claims) is None
    assert await accounts.balances(names) == [Balance(0, n + 1) for n in range(len(names))]
    await accounts.settle("1", claims, Settlement(amounts=dict.fromkeys(names, 1)))
    assert await accounts.balances(names) == [Balance(1, 0)] * len(names)
    assert {name for name, _ in await accounts.listed(10)} == set(names)
    assert msgspec.json.encode(await accounts.listed(2))
    await accounts.stop()
