"""Text of a model that was asked to go on: without what it says again, and with the white space at the seam put right.

The model was shown the delivered text without white space at its end. What it begins with may be exactly the rest; or
its last words again; or the whole answer from its beginning; or a blank that is already there. Text is held back while
that is open, a few characters as a rule and never more than about `WINDOW`.
"""

from headworks.providers.resume.prefix import DivergedError, Prefix
from headworks.providers.resume.repeats import PLAIN, WINDOW, Habit, repeated

AGAIN = 24
"""So many characters from the beginning of the answer mean that the model begins it again."""

ASKED = Habit(8, words=True)
"""A model that was asked in a turn of its own to go on: it often repeats."""
PREFILLED = Habit(AGAIN, words=False)
"""A provider that goes on with the text itself: it repeats only if it did not understand it so."""


class Continuation:
    """Joins one continuation to the text before it.

    Args:
        delivered: The text before it.
        prefill: True when the provider goes on with the text itself. What it says is then taken for the rest, but for
            a plain echo: a few lines that begin as the answer did are no new beginning.
    """

    __slots__ = (
        "_again",
        "_begin",
        "_blank",
        "_delivered",
        "_enough",
        "_found",
        "_habit",
        "_held",
        "_open",
        "_prefill",
    )

    def __init__(self, delivered: str, *, prefill: bool) -> None:
        self._delivered = delivered
        self._begin = delivered.strip()
        self._blank = delivered[len(delivered.rstrip()) :]
        self._prefill = prefill
        self._habit = PREFILLED if prefill else ASKED
        self._enough = WINDOW if prefill else AGAIN
        self._held = ""
        self._again: Prefix | None = None
        self._found = not self._begin
        self._open = not delivered

    def feed(self, text: str) -> str:
        """What has to be delivered now.

        Raises:
            DivergedError: The model began its answer again, in other words.
        """
        if self._open:
            return text
        self._held += text
        return self._decided(final=False)

    def end(self) -> str:
        """What was held back, now that nothing more comes.

        Raises:
            DivergedError: The model began its answer again, and stopped before it had said what was delivered.
        """
        return "" if self._open else self._decided(final=True)

    def _decided(self, *, final: bool) -> str:
        if not self._found and not self._find(final=final):
            return ""
        if self._again is not None:
            self._held = self._again.feed(self._held)
            if self._again.pending:
                if final:
                    raise _diverged()
                return ""
            self._again = None
        return self._without_doubled_blank(final=final)

    def _find(self, *, final: bool) -> bool:
        """Whether it is known what the beginning repeats; that is then cut off."""
        said = self._held.lstrip()
        lead = len(self._held) - len(said)
        if not said and not final and lead < WINDOW:
            return False
        cut = self._cut(said, lead, final=final or not said)
        if cut is None:
            return False
        self._held = self._held[cut:]
        self._found = True
        return True

    def _cut(self, said: str, lead: int, *, final: bool) -> int | None:
        """How many characters of what is held repeat what was delivered; None while that may change."""
        begun = _alike(self._begin, said)
        if begun == len(self._begin) and (not self._prefill or len(set(self._begin)) > PLAIN):
            return lead + begun
        cut = self._run_up(lead, final=final)
        if begun == len(said) and not final:  # all of it is the answer's beginning
            if cut is None or begun < (WINDOW if cut else self._enough):
                return None
            if not cut:
                self._again = Prefix(self._begin)
                return lead
        if not cut and begun >= self._enough:
            raise _diverged()
        return cut

    def _run_up(self, lead: int, *, final: bool) -> int | None:
        """As `_cut`, for the end of what was delivered. White space may stand before it, or be missing within."""
        cut = 0
        for had in dict.fromkeys((self._delivered, self._delivered.rstrip())):
            for start in dict.fromkeys((0, lead)):
                length = repeated(had, self._held[start:], self._habit, final=final)
                if length is None:
                    return None
                if length and not cut:
                    cut = start + length
                    if had is self._delivered:
                        self._blank = ""  # it was said again too
        return cut

    def _without_doubled_blank(self, *, final: bool) -> str:
        held, blank = self._held, self._blank
        body = held.lstrip()
        if blank and not body and not final and len(held) < WINDOW:
            return ""
        lead = held[: len(held) - len(body)]
        doubled = next(n for n in range(min(len(lead), len(blank)), -1, -1) if blank.endswith(lead[:n]))
        self._open = True
        self._held = ""
        return held[doubled:]


def _alike(one: str, other: str) -> int:
    """How many characters at the beginning are the same."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _diverged() -> DivergedError:
    return DivergedError("The answer broke off, and the model that was asked to go on began it again in other words.")
