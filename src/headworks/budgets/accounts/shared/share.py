"""How calls go on while the server is away: from this machine's share of what was left when it was last heard.

The share of an account is what was left, divided by how many machines there were; of an account that was never heard
of, the limit divided by them. All workers of a machine count it together, in its own file. So the machines together
never spend more from their shares than what was last seen to be left, and in the worst case, where nothing was seen,
the limit once more.
"""

from collections.abc import Sequence

from headworks.budgets.accounts.protocol import Balance, Claim, Settlement, Shortage
from headworks.budgets.accounts.shared import journal
from headworks.budgets.accounts.shared.live import Granted
from headworks.budgets.accounts.statements import Book

Grant = tuple[Shortage | None, tuple[Claim, ...]]


def share_account(account: str) -> str:
    """Where this machine counts what it spends from its share of an account."""
    return f"share|{account}"


def grant(
    book: Book, node: str, hold: str, claims: Sequence[Claim], there: Sequence[int], now_s: float
) -> Grant | None:
    """Grant what the claims ask beyond what the server has granted. None when the server was never there.

    Args:
        book: Of this machine.
        node: This machine's name.
        hold: Whose.
        claims: What is wanted in all.
        there: How much of each the server has granted.
        now_s: Seconds since the epoch.
    """
    machines = journal.alive(book, node)
    if not machines:
        return None
    local = tuple(_share(book, machines, claim, granted) for claim, granted in zip(claims, there, strict=True))
    shortage = book.reserve(hold, local, now_s)
    if shortage is None:
        return None, local
    claim = claims[shortage.place]
    if claim.kind == "pace":
        return shortage, local
    heard = journal.seen(book, claim.account)
    return Shortage(shortage.place, _together(heard, shortage.balance)), local


def settle(book: Book, hold: str, granted: Granted, settlement: Settlement, now_s: float) -> None:
    """Debit the share with what was used beyond what the server had granted, and give back the rest."""
    if granted.local is None:
        return
    amounts = {
        share_account(claim.account): max(0, settlement.amounts.get(claim.account, 0) - there)
        for claim, there in zip(granted.claims, granted.there, strict=True)
    }
    book.end(hold, granted.local, Settlement(amounts=amounts), now_s)


def balance(book: Book, account: str) -> Balance:
    """How an account stands, as far as this machine can tell."""
    return _together(journal.seen(book, account), book.balance(share_account(account)))


def _share(book: Book, machines: int, claim: Claim, there: int) -> Claim:
    most = claim.most
    if most is not None and claim.kind == "pace":
        most = max(1, most // machines)
    elif most is not None:
        heard = journal.seen(book, claim.account)
        left = max(0, most - heard.balance.spent - heard.balance.reserved)
        most = heard.base + left // machines
    return Claim(share_account(claim.account), claim.kind, max(0, claim.amount - there), most)


def _together(heard: journal.Share, here: Balance) -> Balance:
    balance = heard.balance
    return Balance(balance.spent + here.spent - heard.base, balance.reserved + here.reserved)
