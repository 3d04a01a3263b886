"""Which of a prompt's sections to mark: each holds the ones before it, so they are decided together."""

from typing import Literal

from msgspec import Struct

from headworks.cache.prefix.traffic import Sights
from headworks.core.prefix import LIFE_S, Life

Section = Literal["tools", "system", "documents", "history"]


class Step(Struct, frozen=True):
    """A section that may be marked, and the life that it is worth by itself; None for none."""

    section: Section
    sights: Sights
    life: Life | None


def lives(steps: list[Step]) -> list[tuple[Step, Life]]:
    """The sections to mark, each with its life. `steps` are in the order of the prompt.

    Where a section is written, the ones before it are written with it: marking them as well costs nothing, and lets
    other prompts read them. What is kept longer must stand before what is kept shorter.
    """
    marked: list[tuple[Step, Life]] = []
    least: Life | None = None
    for step in reversed(steps):
        life = _longer(step.life, least)
        if life is not None:
            marked.insert(0, (step, life))
            least = life
    return marked


def _longer(one: Life | None, other: Life | None) -> Life | None:
    if one is None or other is None:
        return one or other
    return one if LIFE_S[one] >= LIFE_S[other] else other
