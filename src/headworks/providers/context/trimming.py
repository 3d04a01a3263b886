"""Leave out the middle of a conversation so that what is left is one that a model understands and a provider takes.

The unit is the exchange: what the user says, and everything until the user speaks again. Half an exchange reads as a
question nobody answered, and providers refuse a tool result without its call, so exchanges stay or go whole, and those
that share a tool call are one. In order of what is given up last:

* instructions (system and developer turns) stay, whole and in place;
* the last exchange stays whole, however many tools it called: leaving out a part of it would make a model do again
  what it has done;
* the first exchange, which often says what all is about, stays if it takes a quarter or less of what may be left out,
  unless leaving out all others is not enough;
* the others go, oldest first.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from headworks.dialects.protocols import Turn

FIRST_SHARE = 0.25
_INSTRUCTIONS = frozenset({"system", "developer"})
_MEDIA = re.compile(rb"[A-Za-z0-9+/\\=_-]{1024,}")
MEDIUM_WEIGHT = 4_000
"""What a picture or file weighs, whatever its bytes: as much text as a thousand tokens."""


class Trim(Struct, frozen=True):
    """A conversation without some of its turns.

    Attributes:
        kept: What is left, in order.
        dropped: What is not, in order.
        place: Where in `kept` the first dropped turn stood.
        weight: How much was left out.
    """

    kept: list[Turn]
    dropped: list[Turn]
    place: int
    weight: int


def weight(raw: bytes) -> int:
    """How much text there is in a piece of JSON: its bytes, base64 aside."""
    media = [found.end() - found.start() for found in _MEDIA.finditer(raw)]
    return len(raw) - sum(media) + MEDIUM_WEIGHT * len(media)


def most_to_drop(turns: Sequence[Turn]) -> int:
    """The weight of everything that may be left out; 0 when nothing may."""
    weights = _weights(turns)
    return sum(weights[place] for span in _exchanges(turns)[:-1] for place in span)


def trimmed(turns: Sequence[Turn], drop: float) -> Trim | None:
    """The conversation without as many exchanges as weigh `drop` together: at least one, at most all that may go.

    None when nothing may be left out.
    """
    weights = _weights(turns)
    gone: set[int] = set()
    for span in _going(_exchanges(turns)[:-1], weights):
        if gone and sum(weights[place] for place in gone) >= drop:
            break
        gone |= {place for place in span if turns[place].role not in _INSTRUCTIONS}
    if not gone:
        return None
    return Trim(
        kept=[turn for place, turn in enumerate(turns) if place not in gone],
        dropped=[turn for place, turn in enumerate(turns) if place in gone],
        place=min(gone),
        weight=sum(weights[place] for place in gone),
    )


def _weights(turns: Sequence[Turn]) -> list[int]:
    return [0 if turn.role in _INSTRUCTIONS else weight(turn.raw) for turn in turns]


def _going(spans: list[range], weights: list[int]) -> list[range]:
    """Exchanges in the order they go."""
    sizes = [sum(weights[place] for place in span) for span in spans]
    light = bool(spans) and sizes[0] <= FIRST_SHARE * sum(sizes)
    return [*spans[1:], spans[0]] if light else spans


def _exchanges(turns: Sequence[Turn]) -> list[range]:
    """The exchanges, the last one last. What comes before the user first speaks belongs to the first."""
    spoken = [place for place, turn in enumerate(turns) if turn.role not in _INSTRUCTIONS]
    said = [turns[place].role == "user" and not turns[place].result_ids for place in spoken]
    begins = [place for number, place in enumerate(spoken) if said[number] and not (number and said[number - 1])]
    open_at = _open_calls(turns)
    bounds = [0, *(place for place in begins[1:] if not open_at[place]), len(turns)]
    return [range(start, end) for start, end in pairwise(bounds)]


def _open_calls(turns: Sequence[Turn]) -> list[bool]:
    """For each turn, whether a call made before it has its result in it or after it. Ids may be used again."""
    crossing = [0] * (len(turns) + 1)
    waiting: dict[str, list[int]] = {}
    for place, turn in enumerate(turns):
        for call in turn.call_ids:
            waiting.setdefault(call, []).append(place)
        for result in turn.result_ids:
            if calls := waiting.get(result):
                made = calls.pop(0)
                crossing[made + 1] += 1
                crossing[place + 1] -= 1
    total = 0
    return [(total := total + step) > 0 for step in crossing]
