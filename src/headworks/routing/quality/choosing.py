"""The cheapest model that is good enough, by the lower bound of its chance. Pure.

Where none is, the best of them is taken, and the choice says so: quality is kept before money is saved.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from headworks.routing.quality.ladder import Chance


class Candidate(Struct, frozen=True):
    """A model that may answer, and what the call would cost there: nano-dollars, None when unpriced."""

    model: str
    cost_nano: int | None


class Choice(Struct, frozen=True):
    """The model that is taken.

    Attributes:
        model: Its name.
        chance: Of a good answer; None when nothing was learned of it.
        cleared: Whether the lower bound reaches the target.
        why: One sentence.
    """

    model: str
    chance: Chance | None
    cleared: bool
    why: str


def choose(candidates: Sequence[Candidate], chances: Mapping[str, Chance], target: float) -> Choice:
    """The cheapest candidate whose lower bound is `target` or more; of equal cost the better, then the first.

    An unpriced model counts as dearer than all others. A model of which nothing was learned is taken only when there is
    no other.

    Raises:
        ValueError: There are no candidates.
    """
    if not candidates:
        raise ValueError("there is no model to choose from")
    known = [one for one in candidates if one.model in chances]
    if not known:
        return Choice(candidates[0].model, None, cleared=False, why="nothing was learned of any model")
    enough = [one for one in known if chances[one.model].lower >= target]
    if enough:
        taken = min(enough, key=lambda one: (*_cost(one), -chances[one.model].lower))
        why = f"the cheapest that is good with a chance of {target:.0%} or more"
    else:
        taken = max(known, key=lambda one: (chances[one.model].lower, chances[one.model].mean))
        why = f"no model is good with a chance of {target:.0%}; this one is the best"
    chance = chances[taken.model]
    return Choice(taken.model, chance, bool(enough), f"{why} ({chance.mean:.0%}, at least {chance.lower:.0%})")


def _cost(candidate: Candidate) -> tuple[bool, int]:
    return candidate.cost_nano is None, candidate.cost_nano or 0
