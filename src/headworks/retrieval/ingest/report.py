"""What came of taking documents in."""

from collections.abc import Callable

from msgspec import Struct, field


class Trouble(Struct, frozen=True):
    """What is wrong with one file or folder, as a sentence."""

    name: str
    reason: str


class Report(Struct, kw_only=True):
    """All of one run.

    Attributes:
        added: Files that are new.
        changed: Files that were read again.
        unchanged: Files that are as they were.
        removed: Files that are gone.
        others: Files of kinds that nobody reads, in folders.
        chunks: Pieces that were written.
        embedded: Texts that were embedded.
        troubles: What could not be taken in.
        remarks: What was left out of files that were.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    others: int = 0
    chunks: int = 0
    embedded: int = 0
    troubles: list[Trouble] = field(default_factory=list)
    remarks: list[Trouble] = field(default_factory=list)


class Progress(Struct, frozen=True):
    """How far a run is: files done and to do, pieces embedded, and the file at hand."""

    done: int
    total: int
    embedded: int
    name: str


Tell = Callable[[Progress], None]


def untold(progress: Progress) -> None:
    """Nobody is told."""
