"""`headworks init`: write a config to begin with."""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.output import AsJson, json_text

_DONE, _REFUSED = 0, 1


def init(
    path: Path = Path("headworks.yaml"),
    *,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: AsJson = False,
) -> int:
    """Write a commented headworks.yaml to begin with.

    Example: headworks init && headworks serve --config headworks.yaml

    Args:
        path: Where to write it.
        force: Overwrite a file that is there.
        json: Print JSON for programs.

    Returns:
        Exit code: 0 when written, 1 when not.
    """
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(template())
    except FileExistsError:
        print(f"{path} exists already; --force overwrites it.", file=sys.stderr)
        return _REFUSED
    except OSError as error:
        print(f"{path} cannot be written: {error.strerror}.", file=sys.stderr)
        return _REFUSED
    advice = f"Wrote {path}. Edit it, then: headworks check --config {path}; headworks serve --config {path}"
    print(json_text({"written": str(path)}) if json else advice)
    return _DONE


def template() -> str:
    """The text of the config that is written."""
    return files("headworks.cli").joinpath("template.yaml").read_text(encoding="utf-8")
