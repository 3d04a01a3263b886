"""Checks, over and over, that money adds up: what calls cost is what was settled, and what is reserved is held.

* What an account has reserved is the sum of what the holds claim of it.
* What a call was settled at is what its record says it cost. A call whose record was lost to a kill of its process has
  none to set it against; it is counted apart.

Read-only, on a connection of its own, in a thread. What does not add up is an alert, and so is that it does again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
import structlog
from msgspec import Struct

from headworks.budgets.accounts.protocol import WAY_MARK
from headworks.budgets.accounts.tables import FILE
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.people.alerting import Alert, Alerts
from headworks.storage.sqlite import connect

EVERY_S = 30.0
SETTLED_S = 10.0
"""Records reach the ledger within seconds; what was settled less long ago is looked at the next time."""
_BATCH = 10_000
_WHOLE = "SELECT sum(nano) FROM settlements WHERE hold = ? OR (hold > ? AND hold < ?)"
_decode = msgspec.json.Decoder(list[tuple[int, str, int]]).decode
_log = structlog.get_logger("headworks.budgets")

Costs = Callable[[Sequence[str]], Mapping[str, int | None]]
"""What calls cost by their records, nano-dollars: of those trace ids that have one. None for a cost not known."""


class Found(Struct):
    """What one look found.

    Attributes:
        settled: Settlements that were set against their records.
        unrecorded: Those that have no record, or one that was lost with its process.
        differing: Trace ids settled at another amount than their record says, with both.
        astray: Accounts with another amount reserved than their holds claim, with both.
    """

    settled: int = 0
    unrecorded: int = 0
    differing: dict[str, tuple[int, int]] = {}
    astray: dict[str, tuple[int, int]] = {}

    @property
    def is_well(self) -> bool:
        """Whether all adds up."""
        return not self.differing and not self.astray


class Audit:
    """Looks every half minute.

    Args:
        data_dir: Of the accounts.
        costs: What records say.
        clock: Wall time.
        alerts: Who is told.
    """

    def __init__(self, data_dir: Path, costs: Costs, clock: Clock, alerts: Alerts) -> None:
        self._path = data_dir / FILE
        self._costs = costs
        self._clock = clock
        self._alerts = alerts
        self._from_s = int(clock.now())
        self._wrong = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="budgets-audit")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def look(self) -> Found:
        """Look once at what was settled since the last look, and at all that is reserved. Blocking.

        Raises:
            StoreError: A database cannot be read.
        """
        until_s = int(self._clock.now() - SETTLED_S)
        db = connect(self._path, read_only=True)
        try:
            found = Found(astray=_astray(db))
            settled = _settled(db, self._from_s, until_s)
        except apsw.Error as error:
            raise StoreError(f"The accounts cannot be read: {error}.") from error
        finally:
            db.close()
        calls = list(settled)
        for start in range(0, len(calls), _BATCH):
            self._compare({call: settled[call] for call in calls[start : start + _BATCH]}, found)
        self._from_s = max(self._from_s, until_s)
        return found

    def _compare(self, settled: Mapping[str, int], found: Found) -> None:
        costs = self._costs(list(settled))
        for hold, nano in settled.items():
            cost = costs.get(hold)
            if cost is None:
                found.unrecorded += 1
                continue
            found.settled += 1
            if cost != nano:
                found.differing = {**found.differing, hold: (nano, cost)}

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                self.tell(await asyncio.to_thread(self.look))
            except StoreError as error:
                _log.warning("audit_not_made", reason=error.message)

    def tell(self, found: Found) -> None:
        """Raise an alert when something does not add up, and take it back when all does."""
        if found.is_well and not self._wrong:
            return
        self._wrong = not found.is_well
        wrong = [f"{name}: {one} and {other}" for name, (one, other) in (found.differing | found.astray).items()]
        if wrong:
            _log.error("ledger_does_not_add_up", found=wrong[:10])
        self._alerts.tell(
            Alert(
                kind="ledger_invariant",
                subject="budgets",
                severity="critical",
                title=f"{len(wrong)} amounts do not add up: {wrong[0]}." if wrong else "All amounts add up again.",
                facts={"settled otherwise": str(len(found.differing)), "reserved otherwise": str(len(found.astray))},
                resolved=found.is_well,
            )
        )


def _settled(db: apsw.Connection, from_s: int, until_s: int) -> dict[str, int]:
    """What each call has settled that settled something in this time: of one with several holds, all of them."""
    rows: list[Any] = db.execute(
        "SELECT hold, nano FROM settlements WHERE at >= ? AND at < ? AND nano > 0", (from_s, until_s)
    ).fetchall()
    found = {hold: int(nano) for hold, nano in rows}
    for hold in [hold for hold in found if WAY_MARK in hold]:
        del found[hold]
        call = hold.partition(WAY_MARK)[0]
        whole: list[Any] = db.execute(_WHOLE, (call, call + WAY_MARK, call + WAY_MARK * 2)).fetchall()
        found[call] = int(whole[0][0])
    return found


def _astray(db: apsw.Connection) -> dict[str, tuple[int, int]]:
    """Accounts whose reserved amount is not what holds claim of it, at one moment."""
    db.execute("BEGIN")
    try:
        held: Counter[int] = Counter()
        for (claims,) in db.execute("SELECT claims FROM holds"):
            for account, kind, amount in _decode(str(claims)):
                if kind == "sum":
                    held[account] += amount
        reserved = {
            int(str(account)): (str(name), int(str(amount)))
            for account, name, amount in db.execute("SELECT id, name, reserved FROM accounts WHERE reserved <> 0")
        }
    finally:
        db.execute("ROLLBACK")
    accounts = held.keys() | reserved.keys()
    pairs = {account: (reserved.get(account, ("", 0))[1], held[account]) for account in accounts}
    return {
        reserved.get(account, (f"account {account}", 0))[0]: pair
        for account, pair in pairs.items()
        if pair[0] != pair[1]
    }
