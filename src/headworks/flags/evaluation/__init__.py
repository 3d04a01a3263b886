"""Which value of a flag a call gets: definitions are compiled once per change, evaluating is a few comparisons.

In: a flag's name and a context (who calls, for whom, with which feature and model, and what an application adds). Out:
`Details` in the terms of OpenFeature. Fails open: whatever goes wrong, the caller's own default is in force and the
details say why. Nothing here reads a clock, so that nodes whose clocks differ agree.
"""

from headworks.flags.evaluation.context import asked_context, call_context
from headworks.flags.evaluation.details import Context, Details
from headworks.flags.evaluation.engine import Flags
from headworks.flags.evaluation.flag import Flag, read_flag
from headworks.flags.evaluation.reading import BadFlagError, Fault
from headworks.flags.evaluation.shelf import FlagShelf

__all__ = [
    "BadFlagError",
    "Context",
    "Details",
    "Fault",
    "Flag",
    "FlagShelf",
    "Flags",
    "asked_context",
    "call_context",
    "read_flag",
]
