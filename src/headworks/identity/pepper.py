"""The pepper: the secret that keys every hash in the key store, so that a stolen store alone opens nothing.

It comes from the environment, or from a file only its owner can read, made at the first start. Several processes may
start at once: the file appears whole or not at all, and all of them end up with the same pepper.
"""

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from headworks.core.errors import StoreError

PEPPER_VARIABLE = "HEADWORKS_PEPPER"
PEPPER_FILE = "pepper"
PEPPER_CHARACTERS = 32
"""At least so many; the file made here holds 64 hexadecimal digits (256 bits)."""


def load_pepper(data_dir: Path, environ: Mapping[str, str]) -> bytes:
    """The pepper of this installation, made if there is none yet.

    Raises:
        StoreError: It is too short, or the file can be neither read nor made.
    """
    given = environ.get(PEPPER_VARIABLE)
    if given:
        return _checked(given, f"the environment variable {PEPPER_VARIABLE}")
    path = data_dir / PEPPER_FILE
    try:
        if not path.exists():
            _make(path)
        return _checked(path.read_text(encoding="ascii", errors="replace").strip(), f"the file {PEPPER_FILE}")
    except OSError as error:
        raise StoreError(
            f"The file {PEPPER_FILE} in the data directory cannot be used: {error.strerror}. Keys cannot be checked "
            f"without it; mend the directory's permissions or set {PEPPER_VARIABLE}."
        ) from error


def _make(path: Path) -> None:
    """Write a fresh pepper beside `path` and link it there; whoever links first wins, the others use that one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".pepper-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(path).hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()


def _checked(text: str, source: str) -> bytes:
    if len(text) < PEPPER_CHARACTERS:
        raise StoreError(
            f"The pepper in {source} has {len(text)} characters; it needs at least {PEPPER_CHARACTERS}. "
            "If it was damaged, restore it: keys made with it cannot be checked without it."
        )
    return text.encode()
