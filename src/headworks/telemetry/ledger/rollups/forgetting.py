"""Delete roll-ups that are past their age, and say how large they are."""

import apsw

from headworks.storage.sqlite import transaction
from headworks.telemetry.config import RetentionSettings
from headworks.telemetry.ledger.rollups.levels import DAY_HOURS, HOURS, LEVELS, RECENT, Level, Rows, span_of

_HOUR_S = 3_600
_SPANS = 31
"""Of the oldest hours, days or months, as many as one transaction deletes."""
_OVERHEAD = 1.3
"""What a row takes in a database file beside its values: its header, and the room that pages have left."""
_ROW_BYTES = (
    "SELECT ifnull(sum(length(org_id) + length(user_id) + length(key_id) + length(feature) + length(model) "
    "+ length(provider) + length(prompt) + length(latency) + length(ttft) + 70), 0) FROM "
)


def forget(connection: apsw.Connection, settings: RetentionSettings, now_s: float) -> bool:
    """Delete some of what is too old; False when nothing is.

    Raises:
        StoreError: The database refuses.
    """
    hour = int(now_s) // _HOUR_S
    return any(_forget(connection, level, _oldest(level, settings, hour)) for level in LEVELS)


def size_bytes(connection: apsw.Connection) -> int:
    """About how many bytes of the database are roll-ups.

    Raises:
        apsw.Error: The database cannot be read.
    """
    total = 0
    for table in (RECENT, *(level.table for level in LEVELS)):
        found: Rows = connection.execute(_ROW_BYTES + table).fetchall()
        total += found[0][0]
    return int(total * _OVERHEAD)


def _oldest(level: Level, settings: RetentionSettings, hour: int) -> int:
    """The oldest span that is kept."""
    days = settings.hours_max_age_days if level is HOURS else settings.rollups_max_age_days
    return span_of(level.unit, max(0, hour - days * DAY_HOURS))


def _forget(connection: apsw.Connection, level: Level, oldest: int) -> bool:
    found: Rows = connection.execute(f"SELECT min(span) FROM {level.table}").fetchall()  # noqa: S608  names of our own
    first = found[0][0]
    if first is None or first >= oldest:
        return False
    with transaction(connection):
        connection.execute(
            f"DELETE FROM {level.table} WHERE span < ?",  # noqa: S608
            (min(first + _SPANS, oldest),),
        )
    return True
