"""`headworks prompts`: push files, look at versions, move labels, try a prompt."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from headworks.cli.access.place import Here, Place
from headworks.cli.access.prompts import Change, PromptAccess, RemotePrompts, StoredPrompts
from headworks.cli.output import json_text, table
from headworks.core.errors import BadAskError
from headworks.prompts.files import MAX_SOURCE
from headworks.prompts.names import checked_name, parted, read_reference
from headworks.prompts.registry import Source

_LISTED = ("name", "latest", "versions", "labels", "changed_at", "description")
_VERSIONS = ("version", "digest", "labels", "created_at", "created_by", "deleted", "why")
_MOVES = ("version", "at", "who", "why")
_SHOWN = ("version", "digest", "created_at", "created_by", "why", "deleted", "labels", "includes", "tools", "tests")
_DIGEST = 12
Words = Annotated[tuple[str, ...], Parameter(negative=())]


def push(*paths: Path, why: str = "", dry_run: bool = False, place: Here | None = None) -> int:
    """Keep prompt files as versions. The same content makes no new version.

    Example: headworks prompts push prompts --why "shorter greeting"

    Args:
        paths: Files, or folders whose `.md` files are meant.
        why: Your words, kept with each new version.
        dry_run: Say what would come of it, and keep nothing.
        place: Where to act.
    """
    place = place or Place()
    done = _prompts(place).push(_sources(paths or (Path("prompts"),)), why, dry_run=dry_run)
    if place.json:
        print(json_text(done))
        return 0
    for one in done:
        print(f"{one['name']}@{one['version']}  {one['result']}  sha256 {one['digest'][:_DIGEST]}")
    if dry_run:
        print("Nothing was kept.")
    return 0


def list_prompts(name: str | None = None, *, place: Here | None = None) -> int:
    """List the prompts, or the versions of one.

    Example: headworks prompts list support-bot

    Args:
        name: The prompt whose versions are meant.
        place: Where to look.
    """
    place = place or Place()
    prompts = _prompts(place)
    found = prompts.listed() if name is None else prompts.versions(checked_name(name))
    if place.json:
        print(json_text(found))
    elif not found:
        print("There are no prompts. `headworks prompts push FOLDER` keeps some.")
    else:
        print(table([_row(one) for one in found], _LISTED if name is None else _VERSIONS))
    return 0


def show(prompt: str, *, place: Here | None = None) -> int:
    """Show a version: who made it, its variables, how much of it is the same for everybody, its file.

    Example: headworks prompts show support-bot@production

    Args:
        prompt: `name`, `name@7` or `name@label`.
        place: Where to look.
    """
    place = place or Place()
    name, reference = parted(prompt)
    found = _prompts(place).shown(name, reference)
    if place.json:
        print(json_text(found))
        return 0
    for key in _SHOWN:
        value = ", ".join(found[key]) if isinstance(found[key], list) else found[key]
        print(f"{key}: {_printable(value)}")
    static = found["static"]
    tokens = "" if static["tokens"] is None else f", {static['tokens']} tokens"
    print(f"same for everybody: the first {static['characters']} characters{tokens}")
    print(f"\n{_printable(found['source'], lines=True)}")
    return 0


def diff(name: str, before: str, after: str, *, place: Here | None = None) -> int:
    """Say what differs between two versions.

    Example: headworks prompts diff support-bot production 8

    Args:
        name: The prompt.
        before: The number of a version, or a label.
        after: Likewise.
        place: Where to look.
    """
    place = place or Place()
    found = _prompts(place).difference(checked_name(name), read_reference(before), read_reference(after))
    if place.json:
        print(json_text({"diff": found}))
    else:
        print(_printable(found, lines=True) if found else "They are the same.")
    return 0


def label(
    name: str,
    label: str,
    version: int | None = None,
    *,
    why: str = "",
    expected: int | None = None,
    place: Here | None = None,
) -> int:
    """Move a label to a version; without a version, say where it is and has been.

    Example: headworks prompts label support-bot production 8 --why "passed review" --expected 7

    Args:
        name: The prompt.
        label: Which label.
        version: The number of the version.
        why: Your words, kept with the move.
        expected: The version it is believed to be at, 0 for none: refused when somebody has moved it meanwhile.
        place: Where to act.
    """
    place = place or Place()
    prompts = _prompts(place)
    if version is None:
        found = prompts.moves(checked_name(name), label)
        print(json_text(found) if place.json else table(found, _MOVES))
        return 0
    now = prompts.move(checked_name(name), label, version, Change(why=why, expected=expected))
    return _moved(name, label, now, place)


def rollback(
    name: str, label: str = "production", *, why: str = "", expected: int | None = None, place: Here | None = None
) -> int:
    """Move a label back to the version it was at before. No golden set is asked.

    Example: headworks prompts rollback support-bot production --why "answers too long"

    Args:
        name: The prompt.
        label: Which label.
        why: Your words, kept with the move.
        expected: The version it is believed to be at: refused when somebody has moved it meanwhile.
        place: Where to act.
    """
    place = place or Place()
    now = _prompts(place).rollback(checked_name(name), label, Change(why=why, expected=expected))
    return _moved(name, label, now, place)


def delete(name: str, version: int, *, why: str = "", place: Here | None = None) -> int:
    """Mark a version as deleted. Whoever refers to it is served as before; pushing its file brings it back.

    Example: headworks prompts delete support-bot 3 --why "says the wrong price"

    Args:
        name: The prompt.
        version: The number of the version.
        why: Your words, kept with the deletion.
        place: Where to act.
    """
    place = place or Place()
    _prompts(place).delete(checked_name(name), version, why)
    done = {"name": name, "version": version, "deleted": True}
    print(json_text(done) if place.json else f"{name}@{version} is marked as deleted.")
    return 0


def render(
    prompt: str,
    *,
    var: Words = (),
    variables: Path | None = None,
    dialect: str = "openai",
    place: Here | None = None,
) -> int:
    """Show what a prompt says with these variables, as a request would say it. No model is asked.

    Example: headworks prompts render support-bot@staging --var name=Ann --var vip=true

    Args:
        prompt: `name`, `name@7` or `name@label`; `production` without either.
        var: `name=value`, several times. A value is JSON, or else text.
        variables: A JSON file with the values by name.
        dialect: In whose words: openai or anthropic.
        place: Where to look.
    """
    place = place or Place()
    name, reference = parted(prompt)
    wish: dict[str, Any] = {"variables": _values(var, variables), "dialect": dialect}
    if reference is not None:
        wish["version" if isinstance(reference, int) else "label"] = reference
    found = _prompts(place).rendered(name, wish)
    print(json_text(found) if place.json else msgspec.json.format(json_text(found), indent=2))
    return 0


def export(prompt: str | None = None, *, to: Path = Path("prompts"), place: Here | None = None) -> int:
    """Write prompts as files again, just as they were pushed: the newest versions, or one version.

    Example: headworks prompts export --to prompts

    Args:
        prompt: `name`, `name@7` or `name@label`; all prompts when left out.
        to: The folder. Files of the same name are replaced.
        place: Where to look.
    """
    place = place or Place()
    name, reference = (None, None) if prompt is None else parted(prompt)
    files = _prompts(place).exported(name, reference)
    written = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for one, source in files.items():
            path = to / f"{checked_name(one)}.md"
            path.write_bytes(source.encode())
            written.append(str(path))
    except OSError as error:
        raise BadAskError(f"{to} cannot be written: {error.strerror}.") from error
    print(json_text(written) if place.json else "\n".join(written) or "There are no prompts.")
    return 0


def _prompts(place: Place) -> PromptAccess:
    admin = place.admin()
    return StoredPrompts(place.read()) if admin is None else RemotePrompts(admin)


def _moved(name: str, label: str, version: int, place: Place) -> int:
    done = {"name": name, "label": label, "version": version}
    print(json_text(done) if place.json else f"{label} of {name} is at version {version}.")
    return 0


def _sources(paths: Sequence[Path]) -> list[Source]:
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.md")) if path.is_dir() else [path]
    if not files:
        raise BadAskError(f"There are no .md files in {', '.join(map(str, paths))}.")
    return [Source(name=file.stem, source=_text(file), file=str(file)) for file in files]


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            # A character has at most four bytes; more than that is no prompt, whatever it is.
            return opened.read(MAX_SOURCE * 4 + 1).decode()
    except OSError as error:
        raise BadAskError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadAskError(f"{file} is not UTF-8: a bad byte at position {error.start}.") from error


def _values(var: Sequence[str], file: Path | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if file is not None:
        try:
            values = msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
        except OSError as error:
            raise BadAskError(f"{file} cannot be read: {error.strerror}.") from error
        except msgspec.DecodeError as error:
            raise BadAskError(f"{file}: expected a JSON object with a value for each name. {error}.") from error
    for text in var:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadAskError(f"`--var {text}`: write --var name=value.")
        values[name] = _value(value)
    return values


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _row(one: dict[str, Any]) -> dict[str, Any]:
    row = dict(one)
    if isinstance(row.get("labels"), dict):
        row["labels"] = [f"{label}={at}" for label, at in row["labels"].items()]
    if "digest" in row:
        row["digest"] = row["digest"][:_DIGEST]
    return row


def _printable(value: Any, *, lines: bool = False) -> str:
    """Without characters that a terminal would obey."""
    kept = "\n\t" if lines else ""
    return "".join(one if one.isprintable() or one in kept else "?" for one in str(value))
