"""What this machine has debited, in its own file, before any server is told of it.

Each account has one growing sum per *node*: a name that this machine goes by for at most a month, and never after it
was started anew. A power cut may take the last moments from the file; the sums of a new node begin at nothing, so what
the server has heard of the old one is never gone back upon. All functions run in a transaction of the accounts' file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from msgspec import Struct

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement
from headworks.budgets.accounts.statements import KEPT_S, Book

NODE_S = 30 * 86_400
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Sum(Struct, frozen=True):
    """What a node has spent on an account in all.

    Attributes:
        account: Its name.
        node: Who.
        spent: In all.
        used_at: Seconds since the epoch, when it last grew.
    """

    account: str
    node: str
    spent: int
    used_at: int = 0


class Share(Struct, frozen=True):
    """What was last heard of an account.

    Attributes:
        balance: Of all machines.
        base: What of it this machine had spent from its own share then.
    """

    balance: Balance
    base: int


def boot() -> str:
    """What names the time since this machine was started; a new name each time where the system has none."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return uuid4().hex


def node(book: Book, started: str, now_s: float) -> str:
    """The name that this machine goes by now. `started` is of `boot`."""
    row = book.execute("SELECT id, boot, since FROM nodes ORDER BY since DESC, id LIMIT 1").fetchone()
    if row is not None and row[1] == started and now_s - int(str(row[2])) < NODE_S:
        return str(row[0])
    name = uuid4().hex[:12]
    alive = book.execute("SELECT max(alive) FROM nodes").fetchone()
    book.execute(
        "INSERT INTO nodes (id, boot, since, alive) VALUES (?, ?, ?, ?)",
        (name, started, int(now_s), alive[0] or 0 if alive else 0),
    )
    return name


def debit(book: Book, name: str, claims: Iterable[Claim], settlement: Settlement, now_s: float) -> list[Sum]:
    """Debit what was used to this machine's sums; those that have grown."""
    grown = []
    for claim in claims:
        used = settlement.amounts.get(claim.account, 0) if claim.kind == "sum" else 0
        if used > 0:
            row = book.execute(
                "INSERT INTO sums (account, node, spent, used_at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "spent = spent + excluded.spent, used_at = excluded.used_at RETURNING spent",
                (claim.account, name, used, int(now_s)),
            ).fetchone()
            assert row is not None, "an upsert returns its row"
            grown.append(Sum(claim.account, name, int(str(row[0])), int(now_s)))
    return grown


def untold(book: Book, before_s: float, since_s: float) -> list[Sum]:
    """Sums that the server has not confirmed and that last grew before a time, and all that grew since another one."""
    sql = (
        "SELECT account, node, spent, used_at FROM sums WHERE spent > told AND used_at <= ? "
        "UNION SELECT account, node, spent, used_at FROM sums WHERE used_at >= ?"
    )
    return [_sum(row) for row in book.execute(sql, (int(before_s), int(min(since_s, 2**62))))]


def page(book: Book, _now_s: float, after: Sum | None, count: int) -> list[Sum]:
    """The next of all sums, those used last first."""
    sql = "SELECT account, node, spent, used_at FROM sums {} ORDER BY used_at DESC, account, node LIMIT ?"
    if after is None:
        return [_sum(row) for row in book.execute(sql.format(""), (count,))]
    where = "WHERE used_at < ? OR (used_at = ? AND (account, node) > (?, ?))"
    place = (after.used_at, after.used_at, after.account, after.node, count)
    return [_sum(row) for row in book.execute(sql.format(where), place)]


def told(book: Book, _now_s: float, sums: Iterable[Sum]) -> None:
    """The server has confirmed these."""
    for one in sums:
        book.execute(
            "UPDATE sums SET told = max(told, ?) WHERE account = ? AND node = ?", (one.spent, one.account, one.node)
        )


def epoch(book: Book, name: str) -> str:
    """The server's epoch in which it was told all sums of this machine."""
    row = book.execute("SELECT epoch FROM nodes WHERE id = ?", (name,)).fetchone()
    return str(row[0]) if row else ""


def reported(book: Book, name: str, current: str) -> None:
    """The server was told all sums in an epoch."""
    book.execute("UPDATE nodes SET epoch = ? WHERE id = ?", (current, name))


def met(book: Book, name: str, alive: int) -> None:
    """So many machines use the server."""
    book.execute("UPDATE nodes SET alive = ? WHERE id = ?", (alive, name))


def alive(book: Book, name: str) -> int:
    """How many machines used the server when it was last heard of; 0 when it never was."""
    row = book.execute("SELECT alive FROM nodes WHERE id = ?", (name,)).fetchone()
    return int(str(row[0])) if row else 0


def see(book: Book, balances: Mapping[str, Balance], local: Callable[[str], str], now_s: float) -> None:
    """How accounts stand on the server. `local` names the account in which this machine's share is counted."""
    for account, balance in balances.items():
        book.execute(
            "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
            (account, balance.spent, balance.reserved, book.balance(local(account)).spent, int(now_s)),
        )


def seen(book: Book, account: str) -> Share:
    """What was last heard of an account; of one that is not known, that it is empty."""
    row = book.execute("SELECT spent, reserved, base FROM seen WHERE account = ?", (account,)).fetchone()
    return Share(Balance(int(str(row[0])), int(str(row[1]))), int(str(row[2]))) if row else Share(Balance(), 0)


def prune(book: Book, name: str, now_s: float) -> None:
    """Forget what is long over; never a sum that may still grow."""
    long_ago = int(now_s) - KEPT_S
    book.execute("DELETE FROM sums WHERE used_at < ? AND node != ? AND spent <= told", (long_ago, name))
    book.execute("DELETE FROM nodes WHERE since < ? AND id != ?", (long_ago, name))
    book.execute("DELETE FROM seen WHERE at < ?", (long_ago,))


def _sum(row: Sequence[object]) -> Sum:
    return Sum(str(row[0]), str(row[1]), int(str(row[2])), int(str(row[3])))
