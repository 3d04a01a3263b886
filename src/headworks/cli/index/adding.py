"""`headworks index add` and `rebuild`: take documents in."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from headworks.cli.access.index import StoredIndexes, Watching
from headworks.cli.access.place import Here, Place, seconds
from headworks.cli.output import json_text
from headworks.core.errors import BadAskError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Progress, Report, Tell, Trouble

_Flag = Annotated[bool, Parameter(negative=())]
_Several = Annotated[tuple[str, ...], Parameter(negative=())]
_SHOWN = 100


@Parameter(name="*")
@dataclass(frozen=True)
class Said:
    """What is said of all these documents.

    Attributes:
        label: A caller sees them only with this label; may be given several times, and all are needed.
        metadata: For filters, as `name=value`; may be given several times.
        link_base: Address to which the path below the folder is added, so that each document has a link.
    """

    label: _Several = ()
    metadata: _Several = ()
    link_base: str | None = None

    def options(self) -> Options:
        """The same for a run.

        Raises:
            BadAskError: Metadata is not `name=value`.
        """
        return Options(labels=tuple(sorted(set(self.label))), metadata=pairs(self.metadata), link_base=self.link_base)


@Parameter(name="*")
@dataclass(frozen=True)
class How:
    """How documents are read and cut.

    Attributes:
        chunk_chars: Longest piece, in characters.
        max_file_mib: A larger file is left out and reported.
        lexical: Search words alone: no embedding model is needed, and meaning is not found.
    """

    chunk_chars: int = IndexSettings().chunk_chars
    max_file_mib: int = IndexSettings().max_file_bytes // 1024**2
    lexical: _Flag = False

    def settings(self) -> IndexSettings:
        """The same as settings.

        Raises:
            BadAskError: A number is out of bounds.
        """
        if not 100 <= self.chunk_chars <= 8000:
            raise BadAskError("--chunk-chars must be from 100 to 8000.")
        if not 1 <= self.max_file_mib <= 1024:
            raise BadAskError("--max-file-mib must be from 1 to 1024.")
        return IndexSettings(chunk_chars=self.chunk_chars, max_file_bytes=self.max_file_mib * 1024**2)


def add(
    name: str,
    *paths: str,
    said: Annotated[Said, Parameter(name="*")] | None = None,
    how: Annotated[How, Parameter(name="*")] | None = None,
    watch: str | None = None,
    place: Here | None = None,
) -> int:
    """Take files, folders and patterns into an index, and follow what changed or was deleted since.

    Interrupted, it goes on where it was. What cannot be read is reported, the rest goes on, and the exit code is 1.

    Example: headworks index add handbook docs/ 'policies/**/*.pdf' --label hr

    Args:
        name: Of the index; made when it is new.
        paths: Files, folders, or patterns in quotes.
        said: What is said of all of them.
        how: How they are read and cut.
        watch: Do it again after each such time (30s, 15m), until interrupted.
        place: Whose data directory; a gateway that runs on it follows at once.
    """
    place = place or Place()
    if not paths:
        raise BadAskError("Say what to take in: files, folders, or patterns in quotes.")
    indexes, options = _indexes(place, how or How()), (said or Said()).options()
    if watch is not None:
        with _bar(shown=False) as tell:
            indexes.watch(name, paths, options, Watching(tell, _turns(as_json=place.json), seconds(watch)))
    with _bar(shown=not place.json) as tell:
        report = indexes.add(name, paths, options, tell)
    return _reported(report, as_json=place.json)


def rebuild(name: str, *, how: Annotated[How, Parameter(name="*")] | None = None, place: Here | None = None) -> int:
    """Make an index anew, with the model and settings of now. The old one is searched until the new one is complete.

    Args:
        name: Of the index.
        how: How documents are read and cut.
        place: Whose data directory.
    """
    place = place or Place()
    with _bar(shown=not place.json) as tell:
        report = _indexes(place, how or How()).rebuild(name, tell)
    return _reported(report, as_json=place.json)


def pairs(said: tuple[str, ...]) -> dict[str, str]:
    """Texts `name=value` as a mapping.

    Raises:
        BadAskError: One is not.
    """
    found = {}
    for one in said:
        field, mark, value = one.partition("=")
        if not mark or not field:
            raise BadAskError(f"`{one}` is not name=value.")
        found[field] = value
    return found


def _indexes(place: Place, how: How) -> StoredIndexes:
    if place.url is not None:
        raise BadAskError(
            "This works on a data directory: --config. Through a running gateway, documents are uploaded."
        )
    return StoredIndexes(place.read(), how.settings(), lexical=how.lexical)


@contextmanager
def _bar(*, shown: bool) -> Iterator[Tell]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not (shown and console.is_terminal), transient=True) as bar:
        task = bar.add_task("")

        def tell(progress: Progress) -> None:
            name = progress.name.rsplit("/", 1)[-1][:40]
            text = f"{name}, {progress.embedded} pieces embedded" if name else "finishing"
            bar.update(task, completed=progress.done, total=progress.total, description=_printable(text))

        yield tell


def _turns(*, as_json: bool) -> Callable[[Report], None]:
    """Tells of a turn in which something happened, or is wrong that was not before."""
    before: list[Trouble] = []

    def tell(report: Report) -> None:
        nonlocal before
        if report.added or report.changed or report.removed or report.troubles != before:
            _reported(report, as_json=as_json)
            sys.stdout.flush()
        before = report.troubles

    return tell


def _reported(report: Report, *, as_json: bool) -> int:
    if as_json:
        print(json_text(msgspec.to_builtins(report)))
    else:
        print("\n".join(_told(report)))
    return 1 if report.troubles else 0


def _told(report: Report) -> Iterator[str]:
    yield (
        f"{report.added} files added, {report.changed} changed, {report.removed} removed, {report.unchanged} as before;"
        f" {report.chunks} pieces written, {report.embedded} embedded."
    )
    if report.others:
        yield f"{report.others} files of other kinds were left out."
    for title, rows in (("Left out of files", report.remarks), ("Not taken in", report.troubles)):
        if rows:
            yield f"\n{title}:"
            yield from map(_line, rows[:_SHOWN])
            if len(rows) > _SHOWN:
                yield f"  and {len(rows) - _SHOWN} more; --json shows all."


def _line(trouble: Trouble) -> str:
    return _printable(f"  {trouble.name}: {trouble.reason}")


def _printable(text: str) -> str:
    """A file's name may hold anything; a terminal must not obey it."""
    return "".join(character if character.isprintable() else "?" for character in text)
