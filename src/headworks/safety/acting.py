"""Acts on what was found: refuses, covers, or notes. Asks and answers share it.

Every find becomes a verdict, on the record and in the counts, before anything is refused. What overlaps is covered as
one. A block is a `RefusedError`, which no other provider is asked for.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import Struct

from headworks.core.errors import RefusedError
from headworks.safety.checks.encoding import STRIPPED
from headworks.safety.pii.vault import Vault
from headworks.safety.policy import Check, Policy
from headworks.safety.verdicts import Action, Found, Side, Verdict

BLOCKED = "content_policy_violation"
Note = Callable[[Verdict], None]
_FAULTS = (ValueError, ArithmeticError, LookupError, RecursionError)
"""What a detector of ours could raise by a fault of its own; anything else is a bug of the house and ends the call."""


class Hit(Struct, frozen=True):
    """A find, and whose it is."""

    check: Check
    found: Found


class Actor:
    """Acts for one side of one call.

    Args:
        policy: Its allow-list.
        side: Of what the text is.
        note: Where verdicts go.
        vault: Where values go that are put back later; None covers them for good.
    """

    __slots__ = ("_note", "_policy", "_side", "vault")

    def __init__(self, policy: Policy, side: Side, note: Note, vault: Vault | None = None) -> None:
        self._policy = policy
        self._side = side
        self._note = note
        self.vault = vault

    def hits(self, checks: Sequence[Check], text: str, start: int = 0) -> list[Hit]:
        """What the checks find from `start` on.

        Raises:
            RefusedError: A check that fails closed could not be made.
        """
        found: list[Hit] = []
        for check in checks:
            try:
                ones = check.detector.find(text, start)
            except _FAULTS as error:
                self.failed(check.name, type(error).__name__, shadow=check.shadow, open_=check.open)
                continue
            found += self.told(check, ones, text)
        return found

    def told(self, check: Check, found: Sequence[Found], text: str) -> list[Hit]:
        """Finds of a check, less what is allowed."""
        return [Hit(check, one) for one in found if not self._allowed(text[one.start : one.end])]

    def act(self, hits: list[Hit], text: str, start: int = 0, end: int | None = None, **place: int) -> str:
        """`text[start:end]` with what was found covered.

        Args:
            hits: Finds between `start` and `end`.
            text: The text they stand in.
            start: Where to begin.
            end: Where to end; None for the end of the text.
            place: `base` is added to the places in verdicts; `passage`; `in_json` is 1 inside a JSON string.

        Raises:
            RefusedError: `content_policy_violation` (400): one of the checks blocks.
        """
        end = len(text) if end is None else end
        base, in_json = place.get("base", 0), bool(place.get("in_json"))
        for hit in hits:
            self._noted(hit, base, place.get("passage", 0))
        for hit in hits:
            if hit.check.action == "block" and not hit.check.shadow:
                raise refused(hit.check.name, self._side)
        covering = [hit for hit in hits if hit.check.action in ("redact", "replace") and not hit.check.shadow]
        if not covering:
            return text[start:end]
        pieces, at = [], start
        for begin, stop, hit in _merged(covering):
            begin = _after_escape(text, begin, stop) if in_json else begin
            cover = self._cover(hit, text[begin:stop])
            pieces += [text[at:begin], msgspec.json.encode(cover)[1:-1].decode() if in_json else cover]
            at = stop
        return "".join((*pieces, text[at:end]))

    def failed(self, name: str, error: str, *, shadow: bool, open_: bool) -> None:
        """A check could not be made.

        Raises:
            RefusedError: It fails closed.
        """
        action: Action = "allow" if open_ else "block"
        self._note(
            Verdict(check=name, kind="ERROR", action=action, side=self._side, score=0.0, shadow=shadow, error=error)
        )
        if not open_ and not shadow:
            raise refused(name, self._side, failed=True)

    def opinion(self, name: str, kind: str, score: float, *, blocks: bool, shadow: bool) -> None:
        """A classifier outside found something.

        Raises:
            RefusedError: It blocks.
        """
        action: Action = "block" if blocks else "flag"
        self._note(Verdict(check=name, kind=kind, action=action, side=self._side, score=score, shadow=shadow))
        if blocks and not shadow:
            raise refused(name, self._side)

    def _noted(self, hit: Hit, base: int, passage: int) -> None:
        found = hit.found
        self._note(
            Verdict(
                check=hit.check.name,
                kind=found.kind,
                action=hit.check.action,
                side=self._side,
                score=found.score,
                start=base + found.start,
                end=base + found.end,
                passage=passage,
                shadow=hit.check.shadow,
            )
        )

    def _cover(self, hit: Hit, value: str) -> str:
        if hit.check.action == "replace":
            return hit.check.replacement
        if hit.found.kind in STRIPPED:
            return ""
        if hit.check.reversible and self.vault is not None:
            return self.vault.token(hit.found.kind, value)
        return f"[{hit.found.kind}]"

    def _allowed(self, found: str) -> bool:
        policy = self._policy
        if not policy.allow and not policy.allow_patterns:
            return False
        if found.casefold() in policy.allow:
            return True
        matches = (pattern.search(found) for pattern in policy.allow_patterns)
        return any(match is not None and match.group() == found for match in matches)


def refused(check: str, side: Side, *, failed: bool = False) -> RefusedError:
    """The error of a block. It names the check and nothing of what was found."""
    what = "This request" if side == "ask" else "The answer to this request"
    why = "could not be checked by" if failed else "was refused by"
    return RefusedError(
        f"{what} {why} the safety check `{check}` of this feature. Change what is asked; asking again cannot help.",
        code=BLOCKED,
        status=400,
        retryable=False,
    )


def _merged(hits: list[Hit]) -> list[tuple[int, int, Hit]]:
    """Stretches to cover, overlapping ones as one under the name of the longest find."""
    merged: list[tuple[int, int, Hit]] = []
    for hit in sorted(hits, key=lambda one: (one.found.start, -one.found.end)):
        found = hit.found
        if merged and found.start < merged[-1][1]:
            begin, stop, first = merged[-1]
            longer = found.end - found.start > first.found.end - first.found.start
            merged[-1] = (begin, max(stop, found.end), hit if longer else first)
        else:
            merged.append((found.start, found.end, hit))
    return merged


def _after_escape(text: str, begin: int, stop: int) -> int:
    """Where a find really begins whose first letters belong to an escape of JSON: the `n` of a line's end."""
    slashes = 0
    while slashes < begin and text[begin - 1 - slashes] == "\\":
        slashes += 1
    if slashes % 2 == 0:
        return begin
    return min(stop, begin + (5 if text[begin : begin + 1] == "u" else 1))
