"""What a failed statement says about a database file: that it is broken, or only that it cannot be used just now."""

import apsw

from headworks.core.errors import StoreError

FILE_ERRORS = (apsw.Error, UnicodeDecodeError)
"""What a statement may raise: a changed file may hold names that are no UTF-8."""

_FOR_NOW = (
    apsw.BusyError,
    apsw.LockedError,
    apsw.FullError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.InterruptError,
    apsw.NoMemError,
    apsw.TooBigError,
    apsw.ProtocolError,
    apsw.ConnectionClosedError,
    apsw.ThreadingViolationError,
)
"""A full or failing disk, missing rights, another worker's lock. All else, under statements that never change, means
that what is in the file is not what we wrote."""


def is_broken(error: BaseException) -> bool:
    """Whether the file must be made anew. Takes a `StoreError` for what caused it."""
    cause = error.__cause__ if isinstance(error, StoreError) else error
    return isinstance(cause, FILE_ERRORS) and not isinstance(cause, _FOR_NOW)
