"""`python -m benchmarks.accounts`: what reserving and settling on five accounts costs, for each keeper of accounts.

CPU is of this process, all its threads, for both steps together; the server's own stands beside it. Times are what a
call waits for both steps. `ping` asks the same server twice for nothing: what the machine itself takes at the moment.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles

from tests.contract.cache.valkey import Valkey, free_port

from headworks.budgets.accounts.protocol import Accounts, Claim, Settlement
from headworks.budgets.accounts.shared.keeper import SharedAccounts
from headworks.budgets.accounts.shared.settings import SharedLimits
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.core.clock import SystemClock
from headworks.storage.link.line import Line
from headworks.storage.link.wire import packed

AT_ONCE = (1, 16, 64)
_CLAIMS = [Claim(f"usd|scope{n}|x|month|2026-11", "sum", 1000, 10**15) for n in range(5)]
_SETTLEMENT = Settlement(amounts={claim.account: 900 for claim in _CLAIMS}, nano=900, tokens=9)
_CLOCK = SystemClock()
_PING = packed(b"PING")
KINDS = ("sqlite", "shared", "ping")


class Pings:
    """What is measured, as far as the measuring asks, with nothing but the way there and back.

    Args:
        url: Of a server.
    """

    def __init__(self, url: str) -> None:
        self._line = Line(url, SharedLimits().line(), _CLOCK, probed=b"none", name="pings")
        self.start = self._line.start
        self.stop = self._line.stop

    async def reserve(self, _hold: str, _claims: Sequence[Claim]) -> None:
        """There and back."""
        await self._line.call(_PING)

    async def settle(self, _hold: str, _claims: Sequence[Claim], _settlement: Settlement) -> None:
        """There and back."""
        await self._line.call(_PING)


@contextmanager
def keeper(kind: str) -> Iterator[tuple[Accounts | Pings, Valkey | None]]:
    """One with a folder of its own, and its server, on loopback."""
    with ExitStack() as stack:
        local = SqliteAccounts(Path(stack.enter_context(tempfile.TemporaryDirectory())), _CLOCK)
        if kind == "sqlite":
            yield local, None
            return
        server = Valkey(port=free_port())
        stack.callback(server.remove)
        server.start()
        if kind == "ping":
            yield Pings(server.url), server
            return
        yield SharedAccounts(server.url, local, _CLOCK, on_failure="closed", limits=SharedLimits(report_s=0)), server


async def measure(accounts: Accounts | Pings, server: Valkey | None, count: int, at_once: int, per_s: float) -> str:
    """One row of the table.

    Args:
        accounts: Measured.
        server: Theirs.
        count: Calls to make.
        at_once: Calls under way at the same time.
        per_s: Calls begun in a second; 0 for as many as it can.
    """
    await accounts.start()
    numbers, waited_s = iter(range(count)), list[float]()
    began_s, cpu_s, server_s = time.perf_counter(), time.process_time(), _cpu_s(server)

    async def calls() -> None:
        for number in numbers:
            if per_s and (early_s := began_s + number / per_s - time.perf_counter()) > 0:
                await asyncio.sleep(early_s)
            hold = f"{at_once:08x}{number:024x}"
            at_s = time.perf_counter()
            assert await accounts.reserve(hold, _CLAIMS) is None
            reserved_s = time.perf_counter()
            await asyncio.sleep(0)
            again_s = time.perf_counter()
            await accounts.settle(hold, _CLAIMS, _SETTLEMENT)
            waited_s.append(time.perf_counter() - again_s + reserved_s - at_s)

    await asyncio.gather(*(calls() for _ in range(at_once)))
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    server_us = (_cpu_s(server) - server_s) / count * 1e6
    await accounts.stop()
    cuts = quantiles(waited_s, n=100)
    each = f"{cpu_s / count * 1e6:.0f} us" + (f" + {server_us:.0f} us" if server else "")
    return f"{count / wall_s:,.0f}/s | {each} | {cuts[49] * 1e3:.2f} ms | {cuts[98] * 1e3:.2f} ms"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accounts", description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="calls of each row (default: 20,000)")
    parser.add_argument("--per-s", type=float, default=0, help="calls begun in a second (default: as many as it can)")
    parser.add_argument("--only", choices=KINDS, help="one keeper alone")
    arguments = parser.parse_args()
    print("| accounts | at once | calls | CPU of both steps | p50 | p99 |\n|---|---|---|---|---|---|")
    for kind in [arguments.only] if arguments.only else KINDS:
        for at_once in AT_ONCE:
            with keeper(kind) as (accounts, server):
                row = asyncio.run(measure(accounts, server, arguments.calls, at_once, arguments.per_s))
                print(f"| {kind} | {at_once} | {row} |", flush=True)


def _cpu_s(server: Valkey | None) -> float:
    if server is None:
        return 0.0
    rows = dict(row.split(":") for row in server.ask("INFO", "cpu").decode().splitlines() if ":" in row)
    return float(rows["used_cpu_user"]) + float(rows["used_cpu_sys"])


if __name__ == "__main__":
    main()
