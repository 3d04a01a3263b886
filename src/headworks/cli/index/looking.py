"""`headworks index list`, `show`, `search`, `evaluate` and `rm`: look at indexes, and let go of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from headworks.cli.access.index import IndexAccess, RemoteIndexes, StoredIndexes
from headworks.cli.access.place import Here, Place
from headworks.cli.index.adding import pairs
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.passages import Mode, Wish

_INDEXES = ("name", "files", "documents", "chunks", "mib", "model", "version")
_FILES = ("name", "kib", "chunks", "labels", "added_at")
_SCORES = ("search", "ndcg_10", "recall_5", "recall_10", "recall_50", "mrr_10")
_Several = Annotated[tuple[str, ...], Parameter(negative=())]
_TEXT_CHARS = 300


def list_indexes(*, place: Here | None = None) -> int:
    """List the indexes.

    Args:
        place: Where to look.
    """
    place = place or Place()
    found = _access(place).overview()
    rows = [{**row, "mib": f"{row['bytes'] / 1024**2:.1f}"} for row in found]
    print(json_text({"data": found}) if place.json else table(rows, _INDEXES))
    return 0


def show(name: str, *, place: Here | None = None) -> int:
    """Show one index with its files.

    Args:
        name: Of the index.
        place: Where to look.
    """
    place = place or Place()
    found = _access(place).show(name)
    print(json_text(found) if place.json else "\n".join(_shown(found)))
    return 0


def search(  # noqa: PLR0913  a command's parameters
    name: str,
    question: str,
    *,
    top_k: int = 5,
    label: _Several = (),
    filter: _Several = (),  # noqa: A002  its name on the command line
    mode: Mode = "hybrid",
    place: Here | None = None,
) -> int:
    """Show what a search finds for somebody with these labels.

    Example: headworks index search handbook "how many days off" --label hr --filter lang=en

    Args:
        name: Of the index.
        question: What to look for.
        top_k: Most passages to show.
        label: A label of the caller; may be given several times.
        filter: Metadata that documents must have, as `name=value`; may be given several times.
        mode: By words (`lexical`), by meaning (`dense`), or both.
        place: Where to search.
    """
    place = place or Place()
    if not 1 <= top_k <= 1000:
        raise BadAskError("--top-k must be from 1 to 1000.")
    wish = Wish(query=question, top_k=top_k, labels=frozenset(label), filters=pairs(filter), mode=mode)
    found = _access(place).search(name, wish)
    print(json_text({"data": found}) if place.json else "\n".join(_passages(found)))
    return 0


def evaluate(name: str, questions: Path, *, label: _Several = (), place: Here | None = None) -> int:
    """Measure how good searches are, on questions whose documents are known.

    Args:
        name: Of the index.
        questions: JSON Lines with `text` and `relevant`: documents, or documents and their grades.
        label: A label of the caller; may be given several times.
        place: Whose data directory.
    """
    place = place or Place()
    if place.url is not None:
        raise BadAskError("This works on a data directory: --config.")
    scores = StoredIndexes(place.read(), IndexSettings()).evaluate(name, questions, frozenset(label))
    rows = [{"search": mode} | {key: f"{value:.3f}" for key, value in row.items()} for mode, row in scores.items()]
    print(json_text(scores) if place.json else table(rows, _SCORES))
    return 0


def remove(
    name: str, *sources: str, yes: Annotated[bool, Parameter(negative=())] = False, place: Here | None = None
) -> int:
    """Remove files, folders or patterns from an index, or the index whole with `--yes`.

    Args:
        name: Of the index.
        sources: What to remove, as it was added or as `index show` names it.
        yes: Remove the index whole.
        place: Where to act.
    """
    place = place or Place()
    if bool(sources) == yes:
        raise BadAskError("Say what to remove from the index, or --yes to remove it whole.")
    gone = _access(place).remove(name, sources)
    what = f"Index {name} is gone, with {gone} files." if yes else f"{gone} files are gone from index {name}."
    print(json_text({"removed": gone}) if place.json else what)
    return 0


def _access(place: Place) -> IndexAccess:
    admin = place.admin()
    return StoredIndexes(place.read(), IndexSettings()) if admin is None else RemoteIndexes(admin)


def _shown(found: Mapping[str, Any]) -> Iterator[str]:
    yield table([{**found, "mib": f"{found['bytes'] / 1024**2:.1f}"}], _INDEXES)
    yield "\nAdded: " + (", ".join(found["roots"]) or "by upload")
    yield ""
    yield table([{**file, "kib": f"{file['bytes'] / 1024:.1f}"} for file in found["data"]], _FILES)


def _passages(found: list[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "Nothing was found."
    for number, passage in enumerate(found, start=1):
        where = " > ".join(passage["heading"]) or passage["title"]
        page = f", page {passage['page']}" if passage["page"] else ""
        text = " ".join(passage["text"].split())[:_TEXT_CHARS]
        ranks = f"words {passage['lexical_rank'] or '-'}, meaning {passage['dense_rank'] or '-'}"
        for line in (f"{number}. {passage['document']}{page} ({ranks})", f"   {where}" if where else "", f"   {text}"):
            if line:
                yield "".join(character if character.isprintable() else "?" for character in line)
