"""What a client has of an answer that broke off, and by which means the rest may be asked for.

Made when a stream breaks, from the events delivered until then; not on the way of a healthy stream.
"""

from collections.abc import Iterable
from typing import Literal

from headworks.core.messages import Kind
from headworks.core.replies import Event, Started, Usage, UsageReported
from headworks.providers.resume.said import Said

Mode = Literal["prefill", "continue", "restart"]

TOKEN_BYTES = 4
"""About one token, in UTF-8: a model cannot go on from less."""


class Delivered:
    """All that was delivered of one answer.

    Attributes:
        started: How it began; None when nothing came.
        usage: The last count that was told, of the whole answer.
        choices: What each choice has said, by number.
    """

    def __init__(self) -> None:
        self.started: Started | None = None
        self.usage: Usage | None = None
        self.choices: dict[int, Said] = {}

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Delivered":
        """What `events`, in order, amount to."""
        delivered = cls()
        delivered.add(events)
        return delivered

    def add(self, events: Iterable[Event]) -> None:
        """More was delivered: what a joiner let through counts too when the stream breaks again."""
        for event in events:
            if isinstance(event, Started):
                self.started = self.started or event
            elif isinstance(event, UsageReported):
                self.usage = event.usage
            elif (choice := getattr(event, "choice", None)) is not None:
                self.choices.setdefault(choice, Said()).add(event)

    def modes(self, kind: Kind, n_choices: int, *, json_output: bool) -> tuple[Mode, ...]:
        """The ways of asking for the rest that can give a right answer, the best first.

        Args:
            kind: What was asked for. A text completion is continued by sending its text along: that is `prefill`.
            n_choices: How many answers were asked for.
            json_output: True when the answer must be JSON.
        """
        said = self.choices.get(0)
        whole = kind not in ("chat", "completion") or n_choices != 1 or json_output or self.choices.keys() != {0}
        if whole or said is None or not said.only_text or len(self.continuable_text.encode()) < TOKEN_BYTES:
            return ("restart",)
        return ("prefill", "continue", "restart")

    @property
    def continuable_text(self) -> str:
        """The text to show a model that is to go on with it.

        Without white space at its end: some providers refuse a last assistant turn that ends in it, others cut it off
        themselves. The joiner knows, and neither loses nor doubles what was left out here.
        """
        said = self.choices.get(0)
        return said.text.whole.rstrip() if said else ""
