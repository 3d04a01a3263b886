"""The one system library that the local model's runtime expects and a bare Linux lacks: GNU OpenMP, libgomp.so.1.

Some Python packages carry a copy of it for themselves. Where the system has none, such a package is installed (the lock
file `openmp`) for that copy alone, and .venv/lib/openmp gives it the name under which the loader looks for it; the
model process, and nothing else, is told to look there.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

NAME = "libgomp.so.1"


def openmp_missing() -> bool:
    """Whether this is a Linux without the library. Other systems' runtimes bring their own."""
    if sys.platform != "linux":
        return False
    try:
        ctypes.CDLL(NAME)
    except OSError:
        return True
    return False


def link_openmp(venv: Path) -> None:
    """Give the copy that an installed package carries its usual name, in a folder of its own."""
    copies = sorted(venv.glob("lib/python*/site-packages/*.libs/libgomp-*.so*"))
    folder = venv / "lib" / "openmp"
    if copies:
        folder.mkdir(exist_ok=True)
        link = folder / NAME
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(copies[0], folder))
