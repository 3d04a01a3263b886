"""A text while it is being written: what is decided goes on, what a find may still grow into is held back.

However a text is cut into pieces, what comes out, put together, is what would come out of the whole. The one exception
is stated: of a find longer than its detector's reach, what is beyond may have been sent.
"""

from collections.abc import Sequence

from headworks.safety.acting import Actor, Hit
from headworks.safety.checks.detector import CONTEXT, GAP
from headworks.safety.pii.vault import Vault
from headworks.safety.policy import Check


class Window:
    """One text of an answer.

    Args:
        checks: What looks at it.
        actor: Acts on what is found.
        vault: Whose tokens are not cut.
        in_json: Whether the text is JSON, written as such.
    """

    __slots__ = ("_actor", "_base", "_checks", "_in_json", "_most", "_start", "_text", "_vault")

    def __init__(self, checks: Sequence[Check], actor: Actor, vault: Vault, *, in_json: bool = False) -> None:
        self._checks = checks
        self._actor = actor
        self._vault = vault
        self._in_json = in_json
        self._most = max((check.detector.reach for check in checks), default=0)
        self._text = ""
        self._start = 0
        self._base = 0

    @property
    def held(self) -> int:
        """Characters that are held back."""
        return len(self._text) - self._start

    def feed(self, piece: str, *, last: bool = False) -> str:
        """What can be sent on after `piece`.

        Raises:
            RefusedError: A check blocks.
        """
        self._text += piece
        text, start = self._text, self._start
        end = len(text) if last else self._settled(text, start)
        if end <= start:
            return ""
        hits = self._actor.hits(self._checks, text, start)
        if not last:
            end = self._parted(hits, text, start, end)
            if end <= start:
                return ""
        hits = [hit for hit in hits if hit.found.end <= end]
        out = self._actor.act(hits, text, start, end, base=self._base, in_json=int(self._in_json))
        kept = max(0, end - CONTEXT)
        self._text, self._start, self._base = text[kept:], end - kept, self._base + kept
        return out

    def _settled(self, text: str, start: int) -> int:
        end = min((check.detector.settled(text, start) for check in self._checks), default=len(text))
        return self._vault.settled(text, start, max(end, len(text) - self._most, start))

    def _parted(self, hits: list[Hit], text: str, start: int, end: int) -> int:
        """The last place up to `end` where every detector may begin anew: after a gap, and inside of no find."""
        if not self._checks:
            return end
        at = end
        while at > start:
            if not GAP.match(text[at - 1]):
                at -= 1
                continue
            crossed = [hit.found.start for hit in hits if hit.found.start < at < hit.found.end]
            if not crossed:
                return at
            at = min(crossed)
        return end if len(text) - start > self._most + CONTEXT else start
