"""What every keeper of accounts promises. Read this first.

An account is a name and two integers: what is `spent`, and what is `reserved` by calls under way. A reservation makes
a *hold*: claims on several accounts, granted together or not at all. A hold ends once: settled at the truth, or
released because its process is gone. Whatever is settled is debited, even beyond the limit: the truth cannot be
refused.

Two kinds of account keep no such pair. A *pace* (requests or tokens in a minute) is a token bucket that holds `most`
and fills up again within a minute; what a call takes too much of it is given back when it settles. *Calls under way*
are reservations that settle at nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

Kind = Literal["sum", "pace"]
MICROS_A_MINUTE = 60_000_000


WAY_MARK = "~"
"""Between a trace id and a number, in the names of further holds of the same call; sorts after what ids are made of."""


class Claim(Struct, frozen=True):
    """What a call wants of one account.

    Attributes:
        account: Its name, with the window it is of: `usd|org|acme|month|2026-11`.
        kind: How it counts.
        amount: How much is wanted; 0 or more.
        most: The limit; None for an account that is only kept, not limited.
    """

    account: str
    kind: Kind
    amount: int
    most: int | None = None


class Balance(Struct, frozen=True):
    """Of an account: what is spent, and what is reserved beside it.

    `spent` of a pace is the time when it is full again, in microseconds, as `Accounts.balances` tells it; in a
    `Shortage` it is what is taken.
    """

    spent: int = 0
    reserved: int = 0


class Shortage(Struct, frozen=True):
    """The claim that did not fit, and what stood in its way.

    Attributes:
        place: Which of the claims.
        balance: Of its account.
        free_in_s: Of a pace: seconds until it would fit; None when it never does, or nobody can tell.
    """

    place: int
    balance: Balance
    free_in_s: float | None = None

    def for_now(self, claim: Claim) -> bool:
        """Whether it would fit if all that is reserved were given back: others under way are in the way."""
        return claim.kind == "sum" and self.balance.spent + claim.amount <= (claim.most or 0)


class Settlement(Struct, frozen=True, kw_only=True):
    """How a hold ends.

    Attributes:
        amounts: What was really used, by account; 0 for an account of the hold that is not named.
        nano: What the call cost, nano-dollars: once, however many accounts are debited.
        tokens: It used.
    """

    amounts: Mapping[str, int]
    nano: int = 0
    tokens: int = 0


class Accounts(Protocol):
    """A keeper of accounts. Each method may raise StoreError; then nothing was changed."""

    async def reserve(self, hold: str, claims: Sequence[Claim]) -> Shortage | None:
        """Grant all claims, and keep them as `hold`; or none of them, and say which is short.

        A hold that exists already is raised to the new claims (`extend`): only the difference is asked for. The caller
        names the same accounts in the same order then.
        """

    async def settle(self, hold: str, claims: Sequence[Claim], settlement: Settlement) -> bool:
        """End a hold; `claims` as they were granted last. False when it was settled before: then nothing is done.

        One that was released meanwhile is debited all the same.
        """

    async def balances(self, accounts: Sequence[str]) -> list[Balance]:
        """How the accounts stand; an unknown one is empty."""

    async def listed(self, limit: int) -> list[tuple[str, Balance]]:
        """The accounts that were used last, at most `limit`, the latest first. Of a pace `spent` is when it is full."""

    async def sweep(self) -> int:
        """End the holds of processes that are gone, and forget accounts that are long over; how many holds it were."""

    async def start(self) -> None:
        """Get ready."""

    async def stop(self) -> None:
        """Let go."""


def pace_after(at_us: int, now_us: int, claim: Claim) -> tuple[int, float | None]:
    """When the bucket of a pace will be full again if the claim is granted, and in how many seconds it fits if not.

    The bucket is one number, the time when it is full (generic cell rate algorithm): `at_us`, in microseconds. A clock
    that jumped back leaves a time too far ahead: it is taken for an empty bucket.

    Returns:
        The new time, and None when the claim fits.
    """
    most = claim.most or 1
    base = min(max(at_us, now_us), now_us + MICROS_A_MINUTE)
    after = base + claim.amount * MICROS_A_MINUTE // most
    over_us = after - now_us - MICROS_A_MINUTE
    return after, None if over_us <= 0 else over_us / 1_000_000


def pace_taken(at_us: int, now_us: int, most: int) -> int:
    """How much of a pace is taken now."""
    return max(0, min(at_us - now_us, MICROS_A_MINUTE)) * most // MICROS_A_MINUTE
