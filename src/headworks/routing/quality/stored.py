"""The quality file: what `headworks routing train --outcomes` wrote. Weights and figures, no prompt."""

from collections.abc import Callable
from pathlib import Path

from headworks.routing.quality.predictor import Predictor, Skills
from headworks.routing.types.features import SIZE
from headworks.routing.types.weights import WeightsError, load, save

VERSION = 101
"""Apart from the versions of type weights, so that the two files cannot be mistaken for each other."""


def save_skills(skills: Skills, path: Path) -> None:
    """Write the file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    save(skills, path, VERSION)


def load_skills(path: Path) -> Skills:
    """Read the file.

    Raises:
        WeightsError: It is missing, of another version, or broken.
    """
    found = load(path, Skills, VERSION)
    if not found.models or any(len(skill.hashed.data) != SIZE or not skill.ladder.chances for skill in found.models):
        raise WeightsError(f"The weights {path.name} are broken: their sizes do not fit.")
    return found


def predictor(path: Path, report: Callable[[str], object]) -> Predictor | None:
    """The predictor of a file; None, and the reason reported, when it cannot be used."""
    try:
        return Predictor(load_skills(path))
    except WeightsError as error:
        report(f"{error} Models are chosen without a forecast of quality.")
        return None
