"""Which variant a user gets: a hash, so nobody has to remember.

A unit is `u:` and the user, else `s:` and the session, else `k:` and the key. Its point is the first 8 bytes, read as a
big-endian number, of BLAKE2b with a digest of 8 bytes over the salt, one zero byte and the unit, in UTF-8; times a
million, divided by 2^64, rounded down. This is the same in every version of Python, on every machine, after every
restart.

Each new variant owns a stretch of the million points, one after another in their order, as long as its share. A ramp
uses the beginning of each stretch; all other points are the control's. So a step up moves users from the control into
the variant whose stretch they are in, and never between others.
"""

from bisect import bisect_right
from collections.abc import Mapping
from hashlib import blake2b

import msgspec
from msgspec import Struct

from headworks.core.people.board import Board
from headworks.flags.experiments.records import KIND, Experiment, Release, decode

POINTS = 1_000_000


class Assigned(Struct, frozen=True, kw_only=True):
    """What a call is answered with.

    Attributes:
        experiment: The name of the run; None where none runs and a release was promoted.
        variant: The variant's name.
        release: What it is answered with, over the config.
        label: What goes on the trace: `experiment:variant`; None where none runs.
    """

    experiment: str | None
    variant: str | None
    release: Release
    label: str | None


class Split:
    """The users of one experiment, parted. Immutable.

    Args:
        experiment: As it stands now.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._salt = experiment.salt.encode() + b"\0"
        self._edges, self._indexes = _stretches(experiment)
        self._assigned = [
            Assigned(
                experiment=experiment.name,
                variant=variant.name,
                release=variant.release,
                label=f"{experiment.name}:{variant.name}",
            )
            for variant in experiment.variants
        ]

    def hashed(self, unit: str) -> int:
        """The 64 bits that stand for a unit."""
        return int.from_bytes(
            blake2b(self._salt + unit.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
        )

    def index(self, hashed: int) -> int:
        """Which variant a hashed unit gets, by its place in the experiment; 0 is the control."""
        return self._indexes[bisect_right(self._edges, hashed * POINTS >> 64)]

    def of(self, unit: str) -> Assigned:
        """What a unit gets."""
        return self._assigned[self.index(self.hashed(unit))]


def unit_of(user_id: str | None, session_id: str | None, key_id: str | None) -> str:
    """Who counts as one: the user, else the session, else the key."""
    if user_id:
        return "u:" + user_id
    if session_id:
        return "s:" + session_id
    return "k:" + (key_id or "")


def shares(experiment: Experiment) -> list[float]:
    """Which share of the users each variant gets at the step in force, adding up to 1."""
    edges, indexes = _stretches(experiment)
    found = [0] * len(experiment.variants)
    for begin, end, index in zip([0, *edges], [*edges, POINTS], indexes, strict=True):
        found[index] += end - begin
    return [points / POINTS for points in found]


def _stretches(experiment: Experiment) -> tuple[list[int], list[int]]:
    """Where one stretch of the points ends and the next begins, and whose each one is."""
    edges: list[int] = []
    indexes: list[int] = []
    begin, percent = 0, experiment.steps[experiment.step]
    for index, variant in enumerate(experiment.variants[1:], start=1):
        points = round(variant.share * POINTS / 100)
        used = round(points * percent / 100)
        edges += [begin + used, begin + points]
        indexes += [index, 0]
        begin += points
    return edges, [*indexes, 0]


Table = Mapping[str, Split | Assigned]
"""By feature: the split where an experiment runs, else what was promoted. Features without either are not in it."""


def assignment(table: Table, feature: str, unit: str) -> Assigned | None:
    """What a unit of a feature gets; None: what the config says."""
    found = table.get(feature)
    return found.of(unit) if isinstance(found, Split) else found


class Assignments:
    """What every call asks, kept up to date with the board. Fails open: an entry that cannot be read splits nobody.

    Args:
        board: Where experiments hang.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._table: dict[str, Split | Assigned] = {}
        self._heard()
        board.watch(KIND, self._heard)

    def of(
        self, feature: str, user_id: str | None, session_id: str | None = None, key_id: str | None = None
    ) -> Assigned | None:
        """What this call is answered with; None: what the config says. Looks into memory."""
        found = self._table.get(feature)
        if found is None or isinstance(found, Assigned):
            return found
        return found.of(unit_of(user_id, session_id, key_id))

    def _heard(self) -> None:
        table: dict[str, Split | Assigned] = {}
        for feature, entry in self._board.all(KIND).items():
            place = _place(entry.value)
            if place is not None:
                table[feature] = place
        self._table = table


def _place(value: bytes | None) -> Split | Assigned | None:
    try:
        experiment = decode(value or b"")
    except msgspec.MsgspecError:
        return None
    if experiment.running:
        return Split(experiment)
    if experiment.in_force == Release():
        return None
    return Assigned(experiment=None, variant=experiment.winner, release=experiment.in_force, label=None)
