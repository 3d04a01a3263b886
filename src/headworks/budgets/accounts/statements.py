"""What is done to the tables of the accounts, inside one transaction that the caller begins and commits."""

from collections.abc import Sequence

import apsw
import msgspec

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement, Shortage, pace_after, pace_taken

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[int, str, int]]).decode
_KNOWN_ACCOUNTS = 50_000
_MICROS = 1_000_000
KEPT_S = 400 * 86_400
"""How long an account is kept after its last use."""
SETTLED_S = 40 * 86_400
"""How long it is remembered that a hold was settled."""


class Book:
    """The tables, on one connection.

    Args:
        db: Of this process, brought up to date.
        worker: Name of this process, for its holds.

    Attributes:
        execute: Runs a statement on the connection, for what is kept beside the accounts.
    """

    def __init__(self, db: apsw.Connection, worker: str) -> None:
        self._db = db
        self.execute = self._execute = db.execute
        self._worker = worker
        self._ids: dict[str, int] = {}

    def begin(self) -> None:
        """Begin to write; raises apsw.BusyError while somebody else does."""
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Keep what was done."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Forget what was not committed, and the ids of accounts that were made in it."""
        if self._db.in_transaction:
            self._execute("ROLLBACK")
            self._ids.clear()

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def reserve(self, hold: str, claims: Sequence[Claim], now_s: float) -> Shortage | None:
        """Grant the claims, or what they ask beyond those that `hold` has; None when they all fit."""
        ids, rows = self._accounts(claims, now_s)
        before = {account: amount for account, _, amount in self._held(hold)}
        changes = []
        for place, (account, claim) in enumerate(zip(ids, claims, strict=True)):
            spent, reserved = rows[account]
            more = claim.amount - before.get(account, 0)
            if claim.kind == "pace":
                spent, late_s = pace_after(spent, round(now_s * _MICROS), _of(claim, more))
                if late_s is not None and more > 0:
                    return Shortage(place, self._balance(claim, rows[account], now_s), _in_time(claim, late_s))
                changes.append((spent, reserved, int(now_s), account))
            else:
                if claim.most is not None and more > 0 and spent + reserved + more > claim.most:
                    return Shortage(place, Balance(spent, reserved))
                changes.append((spent, reserved + more, int(now_s), account))
        for change in changes:
            self._execute("UPDATE accounts SET spent = ?, reserved = ?, used_at = ? WHERE id = ?", change)
        text = _encode([(account, claim.kind, claim.amount) for account, claim in zip(ids, claims, strict=True)])
        self._execute("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", (hold, self._worker, now_s, text.decode()))
        return None

    def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement, now_s: float) -> bool:
        """End a hold at what was used; False when it was settled before."""
        if not self.note(hold, settlement, now_s):
            return False
        self.end(hold, claims, settlement, now_s)
        return True

    def note(self, hold: str, settlement: Settlement, now_s: float) -> bool:
        """Remember that a hold is settled; False when it was before."""
        fresh = self._execute(
            "INSERT OR IGNORE INTO settlements VALUES (?, ?, ?, ?) RETURNING 1",
            (hold, int(now_s), settlement.nano, settlement.tokens),
        ).fetchall()
        return bool(fresh)

    def end(self, hold: str, claims: Sequence[Claim], settlement: Settlement, now_s: float) -> None:
        """Debit what was used, and give back what was reserved."""
        held = {account: amount for account, _, amount in self._held(hold)}
        self._execute("DELETE FROM holds WHERE hold = ?", (hold,))
        ids, rows = self._accounts(claims, now_s)
        for account, claim in zip(ids, claims, strict=True):
            spent, reserved = rows[account]
            used, granted = settlement.amounts.get(claim.account, 0), held.get(account, 0)
            if claim.kind == "pace":
                spent += (used - claim.amount) * 60 * _MICROS // (claim.most or 1)
            else:
                spent, reserved = spent + used, reserved - granted
            self._execute(
                "UPDATE accounts SET spent = ?, reserved = ?, used_at = ? WHERE id = ?",
                (spent, reserved, int(now_s), account),
            )

    def balance(self, name: str) -> Balance:
        """How an account stands. A pace is told as the time when it is full again."""
        row = self._execute("SELECT spent, reserved FROM accounts WHERE name = ?", (name,)).fetchone()
        return Balance(*row) if row else Balance()

    def listed(self, limit: int) -> list[tuple[str, Balance]]:
        """The accounts that were used last."""
        sql = "SELECT name, spent, reserved FROM accounts ORDER BY used_at DESC, id DESC LIMIT ?"
        return [(str(name), Balance(spent, reserved)) for name, spent, reserved in self._execute(sql, (limit,))]

    def workers(self) -> list[str]:
        """Processes that have holds."""
        return [row[0] for row in self._execute("SELECT DISTINCT worker FROM holds")]

    def release(self, worker: str) -> int:
        """Give back what the holds of a process had reserved; how many they were."""
        held = self._execute("DELETE FROM holds WHERE worker = ? RETURNING claims", (worker,)).fetchall()
        for (claims,) in held:
            for account, kind, amount in _decode(str(claims)):
                if kind == "sum":
                    self._execute("UPDATE accounts SET reserved = reserved - ? WHERE id = ?", (amount, account))
        return len(held)

    def prune(self, now_s: float) -> None:
        """Forget accounts and settlements that are long over."""
        self._execute("DELETE FROM accounts WHERE reserved = 0 AND used_at < ?", (int(now_s) - KEPT_S,))
        self._execute("DELETE FROM settlements WHERE at < ?", (int(now_s) - SETTLED_S,))

    def _held(self, hold: str) -> list[tuple[int, str, int]]:
        row = self._execute("SELECT claims FROM holds WHERE hold = ?", (hold,)).fetchone()
        return _decode(str(row[0])) if row else []

    def _rows(self, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        marks = ",".join("?" * len(ids))
        sql = f"SELECT id, spent, reserved FROM accounts WHERE id IN ({marks})"  # noqa: S608  only question marks
        return {account: (spent, reserved) for account, spent, reserved in self._execute(sql, tuple(ids))}

    def _accounts(self, claims: Sequence[Claim], now_s: float) -> tuple[list[int], dict[int, tuple[int, int]]]:
        """The accounts of claims, and how each stands. One that another process has forgotten is made anew."""
        ids = [self._id(claim.account, now_s) for claim in claims]
        rows = self._rows(ids)
        if len(rows) < len(set(ids)):
            self._ids.clear()
            ids = [self._id(claim.account, now_s) for claim in claims]
            rows = self._rows(ids)
        return ids, rows

    def _id(self, name: str, now_s: float) -> int:
        known = self._ids.get(name)
        if known is None:
            if len(self._ids) >= _KNOWN_ACCOUNTS:
                self._ids.clear()
            self._execute("INSERT OR IGNORE INTO accounts (name, used_at) VALUES (?, ?)", (name, int(now_s)))
            row = self._execute("SELECT id FROM accounts WHERE name = ?", (name,)).fetchone()
            assert row is not None, "it was just made"
            known = self._ids[name] = int(row[0])
        return known

    def _balance(self, claim: Claim, row: tuple[int, int], now_s: float) -> Balance:
        return Balance(pace_taken(row[0], round(now_s * _MICROS), claim.most or 1), 0)


def _of(claim: Claim, amount: int) -> Claim:
    return Claim(claim.account, claim.kind, amount, claim.most)


def _in_time(claim: Claim, late_s: float) -> float | None:
    """Seconds until a pace has room; None when the claim is more than its bucket holds."""
    return late_s if claim.amount <= (claim.most or 0) else None
