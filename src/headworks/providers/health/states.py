"""The state of a lane in words, for metrics and the admin API."""

from typing import Literal

from msgspec import Struct

from headworks.providers.health.entries import Entry
from headworks.providers.health.lanes import Place


class LaneState(Struct, frozen=True, kw_only=True):
    """A lane, or a whole key, that is not plainly closed.

    Attributes:
        provider: The provider's name in the config.
        model: The provider's model; None for a whole key.
        key: Index of the key in `Link.keys`; never the key itself.
        state: `half_open` when a probe may be or is being made; `closed` when all are let in again after a 429 but no
            success has come yet.
        cause: What brought it here.
        since_s: When the trouble began, Unix seconds.
        free_in_s: Seconds until it is let in again, or until a running probe is given up at the latest; 0 when it is.
        probing: True while a probe is under way.
    """

    provider: str
    model: str | None
    key: int
    state: Literal["closed", "open", "half_open", "limited", "denied"]
    cause: Literal["closed", "open", "limited", "denied"]
    since_s: float
    free_in_s: float
    probing: bool


def state_of(place: Place, entry: Entry, left_s: float) -> LaneState:
    """What `entry`, whose timer runs for `left_s` more, means for a caller."""
    state: Literal["closed", "open", "half_open", "limited", "denied"] = entry.state
    if entry.claimed or left_s == 0:
        state = "closed" if entry.state == "limited" else "half_open"
    provider, model, key = place
    return LaneState(
        provider=provider,
        model=model,
        key=key,
        state=state,
        cause=entry.state,
        since_s=entry.since_s,
        free_in_s=left_s,
        probing=entry.claimed,
    )
