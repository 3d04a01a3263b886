"""Make one call as a client does, and say what became of it."""

import asyncio
from typing import Literal

from msgspec import Struct

from headworks.core.clock import SystemClock
from headworks.drills.load.connection import Exchange, exchange
from headworks.drills.load.hearing import Heard, Hearing
from headworks.drills.load.questions import Question, request

Kind = Literal["whole", "wrong", "error", "broken", "hung"]
_GRACE_S = 1.0
"""How much later than its deadline an answer may end: its way through a busy machine."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a call. Times are seconds from the first call of the drill.

    Attributes:
        question: What was asked.
        kind: Whole and right; whole to look at and not right; a clear error; broken off without one; never over.
        why: What is not right about it, in a sentence; empty for a whole answer.
        heard: What was heard.
        status: HTTP status; 0 when no answer came.
        begun_s: When it was asked.
        spoke_s: When the first words came; None when none did.
        ended_s: When it was over.
        provider: Who answered, as the gateway says.
        attempts: Provider calls, as the gateway says; None when it does not.
        trace_id: Its record.
    """

    question: Question
    kind: Kind
    why: str
    heard: Heard
    status: int
    begun_s: float
    spoke_s: float | None
    ended_s: float
    provider: str | None
    attempts: int | None
    trace_id: str | None


class Client(Struct, frozen=True, kw_only=True):
    """Whom clients call, and how.

    Attributes:
        address: Host and port.
        headers: Sent with each call: the key, and what the load wants.
        patience_s: How long to wait for a whole answer.
        deadline_s: The deadline sent along; None when there is none.
        zero_s: The monotonic time that times are counted from.
    """

    address: tuple[str, int]
    headers: dict[str, str]
    patience_s: float
    deadline_s: float | None = None
    zero_s: float = 0.0

    async def ask(self, question: Question, right: str) -> Outcome:
        """Make a call whose right answer is known."""
        clock = SystemClock().monotonic
        begun_s = clock() - self.zero_s
        spoken: list[float] = []
        hearing = Hearing(question.client, stream=question.stream, spoke=lambda: spoken.append(clock() - self.zero_s))
        data = request(question, f"{self.address[0]}:{self.address[1]}", self.headers)
        patience_s = min(self.patience_s, self.deadline_s + _GRACE_S if self.deadline_s else self.patience_s)
        answered: Exchange | None = None
        failure = f"It was not over after {patience_s:g} s."
        try:
            async with asyncio.timeout(patience_s):
                answered = await exchange(self.address, data, hearing.take)
        except TimeoutError:
            kind: Kind = "hung"
        except OSError as error:
            kind, failure = "broken", f"The gateway did not listen: {error.strerror or error}."
        else:
            streamed = answered.headers.get("content-type", "").startswith("text/event-stream")
            kind, failure = judged(answered, hearing.whole(as_events=question.stream and streamed), right)
        headers = answered.headers if answered else {}
        facts = hearing.heard.facts
        return Outcome(
            question=question,
            kind=kind,
            why=failure,
            heard=hearing.heard,
            status=answered.status if answered else 0,
            begun_s=begun_s,
            spoke_s=spoken[0] if spoken else None,
            ended_s=clock() - self.zero_s,
            provider=facts.get("provider") or headers.get("x-headworks-provider"),
            attempts=_number(facts.get("attempts", headers.get("x-headworks-attempts"))),
            trace_id=headers.get("x-request-id"),
        )


def judged(answered: Exchange, heard: Heard, right: str) -> tuple[Kind, str]:
    """What an answer is that did not hang, and what is not right about it."""
    if heard.error_code is not None and heard.error_code not in ("none", "unreadable"):
        return "error", f"{answered.status} {heard.error_code}: {heard.error_message}"
    if not answered.complete or answered.status != 200 or heard.error_code is not None:
        cut = "" if answered.complete else "The connection was closed in the middle of it. "
        return "broken", f"{cut}{answered.status}: {heard.error_message or 'no error was told.'}"
    if adapted := _shortened(answered, heard, right):
        heard.error_code = "shortened"
        return "error", f"200 length: it was made shorter for want of time, and says so ({adapted})."
    wrong = _wrong(heard, right)
    return ("wrong", wrong) if wrong else ("whole", "")


def _shortened(answered: Exchange, heard: Heard, right: str) -> str:
    """What the gateway says of an answer that it asked to be shorter, and that ends for that reason; else nothing.

    So it does with the rest of a call's time after an answer that took too long (docs/reliability.md).
    """
    adapted = str(heard.facts.get("adapted") or answered.headers.get("x-headworks-adapted") or "")
    honest = heard.finish == "length" and bool(heard.text) and right.startswith(heard.text)
    return adapted if honest and "max_tokens" in adapted else ""


def _wrong(heard: Heard, right: str) -> str:
    if heard.text != right:
        return f"The text is not right {_difference(heard.text, right)}."
    if heard.finish is None or not heard.ended:
        return "It ended without a finish reason." if heard.finish is None else "It ended without its end marker."
    return "" if heard.finish == "stop" else f"It says that it ended because of `{heard.finish}`."


def _difference(text: str, right: str) -> str:
    at = next((at for at, (ours, theirs) in enumerate(zip(text, right, strict=False)) if ours != theirs), None)
    at = min(len(text), len(right)) if at is None else at
    return f"from character {at} of {len(right)}: {text[at : at + 30]!r} instead of {right[at : at + 30]!r}"


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None
