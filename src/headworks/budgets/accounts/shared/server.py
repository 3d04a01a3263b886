"""What the server is asked, and what its answers mean."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from msgspec import Struct

from headworks.budgets.accounts.protocol import MICROS_A_MINUTE, Balance, Claim, Settlement, Shortage
from headworks.budgets.accounts.shared import scripts
from headworks.budgets.accounts.shared.journal import Sum
from headworks.budgets.accounts.shared.live import account_key, packed_claims
from headworks.budgets.accounts.shared.settings import EPOCH, HOLDS, LEASES, PACE, SUM, USED, SharedLimits
from headworks.budgets.accounts.statements import KEPT_S
from headworks.core.clock import Clock
from headworks.storage.link.line import Line
from headworks.storage.link.url import check_url
from headworks.storage.link.wire import AwayError, packed

_AT_ONCE = 300
"""Calls that ask at the same time; more wait their turn, so that the connection is never full."""
_STEP = 100
_NOBODY = "-"
_POLICY = packed(b"INFO", b"memory")


class StaleError(AwayError):
    """The server has lost what it was told, or this worker has not reported to it yet."""


class Hello(Struct, frozen=True):
    """What the server says to a worker that renews its lease.

    Attributes:
        epoch: Its name.
        age_s: Seconds since it began.
        machines: How many machines have workers alive.
        lapsed: Workers whose lease has ended.
    """

    epoch: str
    age_s: float
    machines: int
    lapsed: list[str]


class Server:
    """One worker's way to the server. Every method raises `LinkError` when it does not answer as it should.

    Args:
        url: Of the server.
        limits: Limits.
        clock: This machine's time.

    Raises:
        BadUrlError: The URL cannot be used.
    """

    def __init__(self, url: str, limits: SharedLimits, clock: Clock) -> None:
        self.line = Line(check_url(url), limits.line(), clock, probed=EPOCH, name="budgets-line")
        self.worker = ""
        self.epoch = ""
        """In which this worker has reported."""
        self._clock = clock
        self._lease = b"%d" % round(limits.lease_s * 1000)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def named(self, node: str, process: str) -> None:
        """Say who this worker is, before anything is asked."""
        self.worker = f"{node}/{process}"
        self._holds = HOLDS + self.worker.encode()

    async def hello(self) -> Hello:
        """Renew the lease."""
        name = self.worker.encode()
        answer = await scripts.HELLO.run(self.line, [EPOCH, LEASES], name, self._lease, uuid4().hex.encode())
        epoch, age_ms, alive, lapsed = answer
        machines = {worker.partition(b"/")[0] for worker in alive}
        return Hello(epoch.decode(), age_ms / 1000, len(machines), [worker.decode() for worker in lapsed])

    async def reserve(self, hold: str, claims: Sequence[Claim]) -> Shortage | None:
        """Grant all claims, or raise a hold to them; or which is short.

        Raises:
            LinkError: As above, and `StaleError` when this worker has to report first.
        """
        keys = [EPOCH, LEASES, self._holds]
        arguments = [self.epoch.encode(), self.worker.encode(), self._lease, hold.encode(), packed_claims(claims)]
        for claim in claims:
            keys.append(account_key(claim))
            arguments += (claim.kind.encode(), b"%d" % claim.amount, b"" if claim.most is None else b"%d" % claim.most)
        async with self._turns:
            answer = await scripts.RESERVE.run(self.line, keys, *arguments)
        if answer == b"granted":
            return None
        if answer == b"epoch":
            raise StaleError("it has lost what it was told")
        place, spent, reserved, late_us = answer
        claim = claims[place]
        late_s = int(late_us) / 1e6 if late_us and claim.amount <= (claim.most or 0) else None
        return Shortage(place, Balance(int(spent), int(reserved)), late_s)

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement, sums: Sequence[Sum]) -> None:
        """Say what this machine has spent, give back what was taken too much of paces, and end the hold.

        Args:
            hold: Which.
            claims: What the server has granted of it.
            settlement: What was used.
            sums: What this machine has spent in all, of those accounts where it spent something now.
        """
        spent = {one.account: b"%d" % one.spent for one in sums}
        keys, arguments = [self._holds, USED], [hold.encode(), (sums[0].node if sums else _NOBODY).encode()]
        for claim in claims:
            keys.append(account_key(claim))
            if claim.kind == "pace":
                more = settlement.amounts.get(claim.account, 0) - claim.amount
                arguments += (b"pace", b"%d" % (more * MICROS_A_MINUTE // (claim.most or 1)))
            else:
                arguments += (b"sum", spent.get(claim.account, b"0"))
        async with self._turns:
            await scripts.SETTLE.run(self.line, keys, *arguments)

    async def tell(self, sums: Sequence[Sum]) -> None:
        """Say what machines have spent; at most a hundred sums at once, so that no call waits for long."""
        keys, arguments = [USED], list[bytes]()
        for one in sums:
            keys.append((SUM + one.account).encode())
            arguments += (one.node.encode(), b"%d" % one.spent, b"%d" % one.used_at)
        await scripts.TELL.run(self.line, keys, *arguments)

    async def adopt(self, hold: str, claims: Sequence[Claim]) -> bool:
        """Keep a hold that the server does not know; False when it does."""
        keys = [self._holds, USED, *(account_key(claim) for claim in claims)]
        return bool(await scripts.ADOPT.run(self.line, keys, hold.encode(), packed_claims(claims)))

    async def release(self, hold: str) -> bool:
        """End a hold of this worker; False when there is none."""
        return bool(await scripts.RELEASE.run(self.line, [self._holds], hold.encode()))

    async def held(self) -> list[str]:
        """The holds that the server keeps for this worker."""
        return [hold.decode() for hold in await self.line.call(packed(b"HKEYS", self._holds))]

    async def leave(self) -> None:
        """Give up the lease."""
        await self.line.call(packed(b"ZREM", LEASES, self.worker.encode()))

    async def bury(self, worker: str) -> int:
        """End the holds of a worker whose lease has ended; how many."""
        name = worker.encode()
        return int(await scripts.BURY.run(self.line, [LEASES, HOLDS + name], name))

    async def balances(self, accounts: Sequence[str]) -> list[Balance]:
        """How accounts stand; the time of a pace by this machine's clock."""
        found: list[Balance] = []
        for start in range(0, len(accounts), _STEP):
            step = accounts[start : start + _STEP]
            keys = [(kind + account).encode() for account in step for kind in (SUM, PACE)]
            async with self._turns:
                now_us, *rows = await scripts.BALANCES.run(self.line, keys)
            ahead_us = int(now_us) - round(self._clock.now() * 1_000_000)
            for spent, reserved, full_us in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
                found.append(Balance(int(full_us) - ahead_us) if full_us else Balance(int(spent), int(reserved)))
        return found

    async def listed(self, limit: int) -> list[str]:
        """Names of the accounts that were used last."""
        keys = await self.line.call(packed(b"ZREVRANGE", USED, b"0", b"%d" % max(0, limit - 1)))
        return [key.decode().removeprefix(SUM).removeprefix(PACE) for key in keys][:limit]

    async def prune(self) -> None:
        """Forget accounts that are long over, a few at a time."""
        await scripts.PRUNE.run(self.line, [USED], b"%d" % KEPT_S, b"%d" % _STEP)

    async def evicts(self) -> str | None:
        """How the server makes room when its memory is full, where that could take accounts; else None."""
        info = await self.line.call(_POLICY)
        policy = next((row[17:] for row in info.decode().splitlines() if row.startswith("maxmemory_policy:")), "")
        return policy if policy.startswith("allkeys") else None
