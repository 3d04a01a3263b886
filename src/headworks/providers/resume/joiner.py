"""Join a new attempt to what was delivered: only what is missing goes through.

Invariants: nothing that was delivered is delivered again; a restart lets nothing new through before it has said all
that was delivered, so an attempt that turns out to be another answer has done no harm by then; the seam is told once,
before the first event that goes through.
"""

from headworks.core.replies import Event, Resumed, Started, UsageReported
from headworks.providers.resume.choices import Asked, Joined, Restarted
from headworks.providers.resume.delivered import Delivered, Mode
from headworks.providers.resume.said import Said
from headworks.providers.resume.usage import Bill


class Joiner:
    """Joins one attempt. What it lets through counts as delivered if that attempt breaks off too.

    Args:
        delivered: What the client has. Not changed here.
        mode: How the attempt was asked: `restart` says the answer from its beginning, the others only the rest.
        seam: What to tell before the first event that goes through.
        delivered_tokens: How many tokens were delivered, for the usage of the whole; an estimate.
        extra_tokens: How many tokens the turn that asks to go on has; an estimate.
    """

    def __init__(
        self, delivered: Delivered, mode: Mode, seam: Resumed, *, delivered_tokens: int = 0, extra_tokens: int = 0
    ) -> None:
        self._mode = mode
        self._seam: Resumed | None = seam
        self._bill = Bill(delivered.usage, mode, delivered_tokens, extra_tokens)
        self._started = delivered.started is not None
        self._queue: list[Event] = []
        self._choices = {number: self._joined(number, said) for number, said in delivered.choices.items()}

    def feed(self, events: list[Event]) -> list[Event]:
        """What has to be delivered now.

        Raises:
            DivergedError: The attempt says something else than what was delivered.
        """
        for event in events:
            self._take(event)
        if self._seam is not None:
            waiting = any(choice.pending for choice in self._choices.values())
            if waiting or all(isinstance(event, UsageReported) for event in self._queue):
                return []
        return self._release()

    def end(self) -> list[Event]:
        """What was held back, now that the attempt has ended well.

        Raises:
            DivergedError: It ended before it had said all that was delivered.
        """
        for choice in self._choices.values():
            self._queue += choice.end()
        return self._release()

    def _take(self, event: Event) -> None:
        if isinstance(event, Started):
            if not self._started:
                self._started = True
                self._queue.append(event)
        elif isinstance(event, UsageReported):
            self._queue.append(UsageReported(self._bill.whole(event.usage)))
        elif (number := getattr(event, "choice", None)) is not None:
            choice = self._choices.get(number)
            if choice is None:
                choice = self._choices[number] = self._joined(number, Said())
            self._queue += choice.take(event)
        else:
            self._queue.append(event)

    def _release(self) -> list[Event]:
        out = self._queue
        self._queue = []
        if out and self._seam is not None:
            out.insert(0, self._seam)
            self._seam = None
        return out

    def _joined(self, number: int, said: Said) -> Joined:
        if self._mode == "restart":
            return Restarted(said, number)
        return Asked(said, number, prefill=self._mode == "prefill")
