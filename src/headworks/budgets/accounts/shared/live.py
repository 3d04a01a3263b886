"""The holds of this worker's calls, by which the server's are put right."""

from collections.abc import Sequence

import msgspec

from headworks.budgets.accounts.protocol import Claim
from headworks.budgets.accounts.shared.settings import PACE, SUM

_pack = msgspec.msgpack.Encoder().encode


class Granted(msgspec.Struct, frozen=True):
    """What a call under way may use.

    Attributes:
        claims: In all.
        there: How much of each the server has granted.
        local: What this machine's own share has granted; None when it was not asked.
    """

    claims: tuple[Claim, ...]
    there: tuple[int, ...]
    local: tuple[Claim, ...] | None = None


class LiveHolds:
    """Which holds are alive. The worker's memory is the truth: whatever else the server keeps for it is a leftover."""

    def __init__(self) -> None:
        self.granted: dict[str, Granted] = {}
        self.asking: set[str] = set()
        """Holds that the server is asked for at the moment."""

    def knows(self, hold: str) -> bool:
        """Whether the server may keep it."""
        return hold in self.granted or hold in self.asking


def account_key(claim: Claim) -> bytes:
    """Where an account stands in the server."""
    return ((PACE if claim.kind == "pace" else SUM) + claim.account).encode()


def packed_claims(claims: Sequence[Claim]) -> bytes:
    """Claims as the server keeps them in a hold."""
    return _pack([(account_key(claim).decode(), claim.kind, str(claim.amount)) for claim in claims])
