"""How long each part of an attempt may take: latency pattern, the provider's own time-outs, what is left of the call.

A reply that is not streamed is written before its first byte is sent. So it may take as long to begin as a stream, and
then as long as its tokens need at the slowest pace that is still taken for work.
"""

from headworks.core.policy import PATTERNS, Patience, Policy
from headworks.providers.link import Link

SLOWEST_TOKENS_PER_S = 20.0
UNSAID_TOKENS = 2048
"""How long an answer without a limit is taken to be."""
PROBE_S = 8.0
"""How long a probe waits for the first byte. The caller whose call it is goes on elsewhere after it."""
SHARE_OF_FIRST = 0.6
"""Most of what is left that one attempt may wait for its beginning while there is another model to turn to."""
LATE = 3.0
"""Who has waited so many times longer than 19 of 20 calls of late has waited long enough to blame the provider."""
ENOUGH_SHARE = 0.25
"""Where nothing is known of late, this share of the usual time is long enough."""


def usual_patience(policy: Policy, *, reasoning: bool) -> Patience:
    """The feature's patience, else that of the pattern which fits the ask."""
    return policy.patience or PATTERNS["reasoning" if reasoning else "interactive"]


def for_whole(patience: Patience, link: Link, max_tokens: int | None) -> Patience:
    """Patience for a reply that is not streamed. A `first_byte_s` that the provider was given counts as it is."""
    if link.timeouts.first_byte_s is not None:
        return patience
    writing_s = (UNSAID_TOKENS if max_tokens is None else max_tokens) / SLOWEST_TOKENS_PER_S
    most_s = min(patience.first_byte_s + writing_s, patience.total_s)
    return Patience(
        connect_s=patience.connect_s,
        first_byte_s=most_s,
        idle_s=most_s,
        total_s=most_s,
        deadline_s=patience.deadline_s,
    )


def for_probe(patience: Patience) -> Patience:
    """Patience for the one call that tries whether a model is back: a silent one must not keep the others waiting."""
    first_s = min(patience.first_byte_s, PROBE_S)
    return Patience(
        connect_s=min(patience.connect_s, PROBE_S),
        first_byte_s=first_s,
        idle_s=patience.idle_s,
        total_s=patience.total_s,
        deadline_s=patience.deadline_s,
    )


def fits(patience: Patience, left_s: float, begin_left_s: float) -> bool:
    """Whether there is time enough whatever comes, as there nearly always is."""
    return patience.total_s <= left_s and patience.first_byte_s <= begin_left_s * SHARE_OF_FIRST


def within(patience: Patience, left_s: float, begin_left_s: float, *, alone: bool) -> Patience:
    """`patience` cut to what is left of the call; an attempt that is not the last resort leaves time for another."""
    begin_s = begin_left_s if alone else begin_left_s * SHARE_OF_FIRST
    return Patience(
        connect_s=min(patience.connect_s, begin_s),
        first_byte_s=min(patience.first_byte_s, begin_s),
        idle_s=min(patience.idle_s, left_s),
        total_s=min(patience.total_s, left_s),
        deadline_s=patience.deadline_s,
    )


def hurried(given: Patience, usual: Patience, known_s: float | None, *, begun: bool) -> bool:
    """Whether an attempt that came too late had less time than the provider may need: its caller was in a hurry.

    Else one impatient client could make a provider look down to all others.

    Args:
        given: What it had.
        usual: What it would have had of a caller without a deadline.
        known_s: Within how many seconds nearly all calls of late began; None when that is not known.
        begun: Whether its answer had begun.
    """
    if begun:
        return given.total_s < usual.total_s
    enough_s = usual.first_byte_s * ENOUGH_SHARE if known_s is None else known_s * LATE
    return given.first_byte_s < min(enough_s, usual.first_byte_s)
