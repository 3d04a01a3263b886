"""Match what a new attempt says against what was delivered, character by character, and let through what goes beyond.

Texts are compared as they are, without normalising: the joined text must equal the new attempt's exactly. They are cut
between code points only; what a reader sees as one character (a letter and its accents, a flag) may come in two pieces,
as it does in any stream.
"""

from headworks.core.errors import ProviderError


class DivergedError(ProviderError):
    """The new attempt says something else than what was delivered, so the two are not one answer."""

    default_code = "stream_interrupted"


class Prefix:
    """One channel of an answer (text, refusal, arguments of a call) that was delivered in part.

    Args:
        delivered: What of it was delivered.
    """

    __slots__ = ("_at", "_delivered")

    def __init__(self, delivered: str) -> None:
        self._delivered = delivered
        self._at = 0

    @property
    def pending(self) -> bool:
        """True while the new attempt has not said all that was delivered."""
        return self._at < len(self._delivered)

    def feed(self, text: str) -> str:
        """What of `text` was not delivered yet.

        Raises:
            DivergedError: It is not what was delivered.
        """
        left = len(self._delivered) - self._at
        if not left:
            return text
        if not self._delivered.startswith(text[:left], self._at):
            raise DivergedError(
                "The answer broke off, and the next attempt says something else within the first "
                f"{len(self._delivered)} characters, which are delivered already; the two cannot be joined."
            )
        self._at += min(left, len(text))
        return text[left:]
