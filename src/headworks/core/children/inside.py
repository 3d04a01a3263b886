"""What a child process of ours does first: see that it ends with its parent, and keep its pipe to it clear.

A child also ends when its standard input does: that holds on every system, and when the parent was gone before
`die_with_parent` was called. How it is started: `starting.py`.
"""

import ctypes
import os
import signal
import sys
from typing import IO

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends, where it can (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def report_channel() -> IO[bytes]:
    """Standard output as a pipe to the parent; what libraries print from now on goes to standard error."""
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return channel
