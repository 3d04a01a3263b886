"""Percentage splits: the same key gets the same variant, on every node, in every version of Python, for good.

The point of a key, 0 to 99,999, is `floor(h * 100000 / 2^64)`. `h` are the first eight bytes, most significant first,
of SHA-256 of: the salt in UTF-8, one zero byte, the key in UTF-8. Keys are taken as they come: no change of case, no
Unicode normalisation. Variants take their shares of the points in the order in which the split names them, from 0 up.
"""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256

from headworks.flags.evaluation.attributes import Getter
from headworks.flags.evaluation.details import Context, Details, failed
from headworks.flags.evaluation.reading import Notes, Place

POINTS = 100_000
_PER_PERCENT = POINTS // 100
_WHOLE_BITS = 63


def salted(salt: str) -> bytes:
    """What is hashed before a key."""
    return salt.encode("utf-8", "surrogatepass") + b"\0"


def point(salt: bytes, key: str) -> int:
    """Where a key lies, 0 to 99,999.

    Args:
        salt: As `salted` gives it.
        key: Any text; halves of surrogate pairs are encoded as they are.
    """
    digest = sha256(salt + key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") * POINTS >> 64


class Split:
    """One split, ready to choose.

    Args:
        salt: Sets this flag's choices apart from those of other flags.
        by: Reads the key from a context.
        what: The name of that key, for people.
        shares: Of each variant, in points; they add up to `POINTS`.
        answers: What is answered for each of them.
    """

    __slots__ = ("_answers", "_by", "_ends", "_key", "_salt", "_what")

    def __init__(self, salt: str, by: Getter, what: str, shares: Sequence[int], answers: Sequence[Details]) -> None:
        self._salt = salted(salt)
        self._by = by
        self._what = what
        self._key = answers[0].key
        self._ends = [sum(shares[: n + 1]) for n in range(len(shares))]
        self._answers = tuple(answers)

    def choose(self, context: Context) -> Details:
        """What the key of this context gets."""
        key = self._by(context)
        if type(key) is str and key:
            return self._answers[bisect_right(self._ends, point(self._salt, key))]
        return self._other(key)

    def _other(self, key: object) -> Details:
        if key is None or key == "":
            return failed(self._key, "TARGETING_KEY_MISSING", f"a split needs `{self._what}` in the context")
        if isinstance(key, int) and not isinstance(key, bool) and key.bit_length() <= _WHOLE_BITS:
            return self._answers[bisect_right(self._ends, point(self._salt, str(key)))]
        sentence = f"`{self._what}` decides a split, and is neither text nor a whole number"
        return failed(self._key, "INVALID_CONTEXT", sentence)


def read_shares(raw: object, place: Place, notes: Notes, variants: Sequence[str]) -> dict[str, int]:
    """The points of each variant; empty when something was wrong."""
    shares: dict[str, int] = {}
    before = len(notes.faults)
    for name, percent in notes.mapping(raw, place).items():
        here = (*place, name)
        if name not in variants:
            notes.unknown(here, "variant", name, variants)
        shares[name] = _points(notes.number(percent, here), here, notes)
    if len(notes.faults) == before and sum(shares.values()) != POINTS:
        total = Decimal(sum(shares.values())) / _PER_PERCENT
        notes.wrong(place, f"the shares add up to {total:f} percent, not 100")
    return shares if len(notes.faults) == before else {}


def _points(percent: float | None, place: Place, notes: Notes) -> int:
    if percent is None:
        return 0
    points = Decimal(str(percent)) * _PER_PERCENT
    if not 0 <= percent <= 100:
        notes.wrong(place, "should be 0 to 100 percent")
    elif points != int(points):
        notes.wrong(place, "should have at most three decimals")
    else:
        return int(points)
    return 0
