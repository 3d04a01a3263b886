"""`headworks traces`: list, show, follow and export the records of calls."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console

from headworks.cli.access.place import Here, Place
from headworks.cli.access.traces import RemoteTraces, StoredTraces, TraceAccess
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError, HeadworksError
from headworks.telemetry.ledger.store import TraceFilter, TraceStore

_COLUMNS = ("started_at", "trace_id", "model", "status", "total_tokens", "cost_usd", "latency_ms", "user_id")
_POLL_S = 0.5


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which records.

    Attributes:
        feature: Only of this feature.
        model: Only of this model name.
        user: Only of this user.
        since: Not older than a time such as 2026-11-23T10:00:00Z, or an age such as 24h.
    """

    feature: str | None = None
    model: str | None = None
    user: str | None = None
    since: str | None = None

    def filter(self) -> TraceFilter:
        """The same for the ledger and the admin API."""
        return TraceFilter(feature=self.feature, model=self.model, user=self.user, since=self.since)


Chosen = Annotated[Which, Parameter(name="*")]


def list_traces(
    *, limit: int = 20, cursor: str | None = None, which: Chosen | None = None, place: Here | None = None
) -> int:
    """List the newest records.

    Example: headworks traces list --feature support-bot --since 24h

    Args:
        limit: How many, 1 to 1000.
        cursor: Go on after a page, with the cursor it ended with.
        which: Which records.
        place: Where to look.
    """
    place = place or Place()
    with _traces(place) as traces:
        page, following = traces.page(limit, cursor, (which or Which()).filter())
    if place.json:
        print(json_text({"data": page, "next": following}))
    else:
        print(table(page, _COLUMNS))
        print(f"\nMore: --cursor {following}" if following else "", end="\n" if following else "")
    return 0


def show(trace_id: str, *, place: Here | None = None) -> int:
    """Show one record whole, with texts and feedback as far as they are kept.

    Example: headworks traces show 019aae1f2c5b7d3e8f6a1b2c3d4e5f60

    Args:
        trace_id: Its id: the header x-request-id of the answer.
        place: Where to look.
    """
    place = place or Place()
    with _traces(place) as traces:
        record = traces.get(trace_id)
    if record is None:
        raise BadAskError(f"There is no trace `{trace_id}`.", code="unknown_trace", status=404)
    text = json_text(record)
    print(text if place.json else msgspec.json.format(text, indent=2))
    return 0


def tail(*, place: Here | None = None) -> int:
    """Show records as they are written, until Ctrl-C.

    Example: headworks traces tail --json

    Args:
        place: Where to look.
    """
    place = place or Place()
    with _traces(place) as traces:
        try:
            for record in _waiting(traces.follow()):
                print(json_text(record) if place.json else _line(record), flush=True)
        except KeyboardInterrupt:
            return 0
    return 0


def export(
    file: Path | None = None,
    *,
    form: Annotated[Literal["jsonl", "parquet"], Parameter(name="--format")] = "jsonl",
    which: Chosen | None = None,
    place: Here | None = None,
) -> int:
    """Write records to a file, newest first, without texts.

    Example: headworks traces export calls.parquet --format parquet --since 7d

    Args:
        file: The file to write. Left out: standard output (JSON Lines only).
        form: JSON Lines, or Parquet (needs `pip install 'headworks[analytics]'`).
        which: Which records.
        place: Where to look.
    """
    place = place or Place()
    with _traces(place) as traces, Console(stderr=True).status("Writing records ..."):
        filters = (which or Which()).filter()
        written = _parquet(place, file, filters) if form == "parquet" else _jsonl(file, traces.pages(filters))
    if file is not None:
        summary = {"written": written, "file": str(file)}
        print(json_text(summary) if place.json else f"Wrote {written} records to {file}.")
    return 0


@contextmanager
def _traces(place: Place) -> Iterator[TraceAccess]:
    admin = place.admin()
    if admin is not None:
        yield RemoteTraces(admin)
        return
    store = TraceStore(place.data_dir())
    try:
        yield StoredTraces(store)
    finally:
        store.close()


def _waiting(batches: Iterable[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """The records of endless batches, with a pause after each that was empty."""
    for batch in batches:
        yield from batch
        if not batch:
            time.sleep(_POLL_S)


def _jsonl(path: Path | None, pages: Iterable[list[dict[str, Any]]]) -> int:
    written = 0
    with ExitStack() as stack:
        file: BinaryIO = sys.stdout.buffer if path is None else stack.enter_context(_opened(path))
        for page in pages:
            file.writelines(msgspec.json.encode(record) + b"\n" for record in page)
            written += len(page)
        file.flush()
    return written


def _parquet(place: Place, path: Path | None, filters: TraceFilter) -> int:
    if place.url is not None or path is None:
        raise BadAskError("Parquet is written from a data directory to a file: use --config and a file name.")
    # By name: it needs an extra, and says so when that is missing.
    module = import_module("headworks.telemetry.ledger.parquet")
    store = TraceStore(place.data_dir())
    try:
        written: int = module.export_parquet(store, path, **filters)
    except OSError as error:
        raise HeadworksError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        store.close()
    return written


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("wb")
    except OSError as error:
        raise HeadworksError(f"{path} cannot be written: {error.strerror}.") from error


def _line(record: dict[str, Any]) -> str:
    return table([record], _COLUMNS).splitlines()[1]
