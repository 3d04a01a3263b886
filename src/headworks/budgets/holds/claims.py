"""What a call claims of each account: for its first attempt, for one more, and what it has used when it is over."""

from headworks.budgets.accounts.protocol import Claim
from headworks.budgets.holds.needs import Need
from headworks.budgets.holds.scopes import Counted
from headworks.core.billing import Bill


def raised(counted: Counted, claim: Claim, bill: Bill, under_way: list[tuple[str, Need]]) -> Claim:
    """A claim that pays for what was used and for what is under way; never less than it was."""
    if counted.limit.unit in ("requests", "calls"):
        return claim
    of = [need for name, need in under_way if counted.scope != "model" or name == counted.name]
    amount = used(counted, claim, bill) + sum(_amount(counted, need) for need in of)
    return claim if amount <= claim.amount else Claim(claim.account, claim.kind, amount, claim.most)


def first_claim(counted: Counted, needs: dict[str, Need]) -> Claim:
    """What the first attempt claims of an account, whichever of the targets it asks; `needs` of each by its name."""
    limit = counted.limit
    if limit.unit in ("requests", "calls"):
        amount = 1
    elif counted.scope == "model":
        amount = _amount(counted, needs[counted.name]) if counted.name in needs else 0
    else:
        amount = max(_amount(counted, need) for need in needs.values())
    return Claim(counted.account, "pace" if limit.window == "minute" else "sum", amount, limit.most)


def _amount(counted: Counted, need: Need) -> int:
    return (need.nano or 0) if counted.limit.unit == "usd" else need.tokens


def used(counted: Counted, claim: Claim, bill: Bill) -> int:
    """What a call has used of an account."""
    unit = counted.limit.unit
    if unit == "requests":
        return claim.amount
    if unit == "calls":
        return 0
    if counted.scope == "model":
        part = bill.by_model.get(counted.name)
        return 0 if part is None else part.nano if unit == "usd" else part.tokens
    return bill.nano if unit == "usd" else bill.tokens
