"""Alerts: what is wrong is told once, to whom the config names, and so is that it is over.

In: `core.people.alerting.Alert`, told by any room from any thread, and what the watches find in the trace ledger. Out:
messages to channels (Slack, signed webhooks, everything else that apprise reaches), and a list of what is wrong and
what could not be sent. Fails open: nobody waits for it, and nothing breaks because nobody could be told.
"""

from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.alerts.desk import AlertDesk
from headworks.telemetry.alerts.room import AlertRoom
from headworks.telemetry.alerts.store import AlertFile

__all__ = ["AlertDesk", "AlertFile", "AlertRoom", "AlertSettings"]
