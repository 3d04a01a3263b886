"""What is read of the records of calls. The reader is plugged in: this room knows no ledger."""

from collections.abc import Callable

from msgspec import Struct


class Call(Struct, frozen=True, kw_only=True):
    """One call of an experiment, over.

    Attributes:
        trace_id: Its id.
        at_s: When it arrived, Unix seconds, by the clock of the node that answered.
        unit: Who made it, as `assignment.unit_of` has it.
        variant: What it was answered with, as its trace says.
        failed: An error of the gateway or the provider ended it.
        refused: The model or the safety policy declined.
        cache_hit: It was answered from the cache.
        cost_usd: None where no price is known.
        latency_s: Of a whole answer; None of others.
        ttft_s: To the first token; None where there was none.
    """

    trace_id: str
    at_s: float
    unit: str
    variant: str
    failed: bool = False
    refused: bool = False
    cache_hit: bool = False
    cost_usd: float | None = None
    latency_s: float | None = None
    ttft_s: float | None = None


class Opinion(Struct, frozen=True, kw_only=True):
    """What somebody thinks of an answer: a user's thumb (`feedback`: 1 or 0), or the score of a judge (`judge`).

    The later of two on the same answer counts. `at_s` is when the call arrived, not when the opinion came.
    """

    metric: str
    trace_id: str
    at_s: float
    unit: str
    variant: str
    value: float


class Batch(Struct, frozen=True, kw_only=True):
    """The next records. `place` is where to go on; `more` that there are more already."""

    calls: list[Call]
    opinions: list[Opinion]
    place: tuple[int, ...]
    more: bool = False


Records = Callable[[str, str, float, tuple[int, ...] | None], Batch]
"""`records(feature, experiment, since_s, place)`: calls that carry the name of this experiment and arrived at `since_s`
or later, and opinions on such calls; beginning at `place`, None for the first. Each record once, in any order. Called
in a thread. Raises StoreError."""

Opinions = Callable[[str, str, float], list[Opinion]]
"""`opinions(feature, experiment, since_s)`: all scores of judges, for a room that keeps them elsewhere than in the
records. Scores that were read before are read again and change nothing. Called in a thread."""
