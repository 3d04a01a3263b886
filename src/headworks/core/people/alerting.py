"""What somebody should be told: the words in which every room raises an alert, and takes it back.

Rooms do not know who is told, how, or how often: `telemetry/alerts` groups, holds back and sends.
"""

from typing import Literal, Protocol

from msgspec import Struct

Severity = Literal["info", "warning", "critical"]


class Alert(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or was.

    Attributes:
        kind: Short constant, also the name of its runbook: `budget_mark`, `spend_anomaly`, `provider_down`, ...
        subject: What it is about, as text that stays the same while it lasts: `org acme, month`. With `kind` it is the
            identity of the alert: raised again it is the same alert.
        severity: How soon somebody has to look.
        title: One sentence with the figures.
        facts: Further figures, name to text, in the order in which they are shown.
        resolved: The trouble is over.
    """

    kind: str
    subject: str
    severity: Severity
    title: str
    facts: dict[str, str] = {}
    resolved: bool = False


class Alerts(Protocol):
    """Where alerts go. Fails open: never raises, never waits, may be told from any thread."""

    def tell(self, alert: Alert) -> None:
        """Raise an alert, or take it back."""


class Unheard:
    """Satisfies `Alerts` where nobody is to be told."""

    def tell(self, alert: Alert) -> None:
        """Nothing happens."""
