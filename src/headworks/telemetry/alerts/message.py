"""What is sent to a channel: one message with one or more alerts in it, and the plain text of it."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from headworks.core.clock import rfc3339
from headworks.core.people.alerting import Alert, Severity

MOST_ITEMS = 100
"""Alerts that a message keeps; of more only the number."""
RANK: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


class Item(Struct, frozen=True, kw_only=True):
    """One alert of a message.

    Attributes:
        alert: What is wrong, or was.
        at_s: When it was told, Unix seconds.
        since_s: When the trouble began.
        runbook_url: What to do.
        again: It was told before and is still wrong.
    """

    alert: Alert
    at_s: float
    since_s: float
    runbook_url: str | None = None
    again: bool = False


class Message(Struct, frozen=True, kw_only=True):
    """What goes to a channel at once.

    Attributes:
        id: The same each time it is tried.
        items: At most `MOST_ITEMS`, in the order in which they were told.
        more: Alerts beyond these.
        digest: What waited for the end of quiet hours.
        time_zone: For times shown to people.
    """

    id: str
    items: tuple[Item, ...]
    more: int = 0
    digest: bool = False
    time_zone: str = "UTC"

    @property
    def severity(self) -> Severity:
        """That of the most severe alert that is not over; `info` when all are."""
        wrong = (item.alert.severity for item in self.items if not item.alert.resolved)
        return max(wrong, key=lambda severity: RANK[severity], default="info")

    @property
    def urgency(self) -> Severity:
        """That of the most severe alert in it, over or not: who was told in the night is told that it is over."""
        return max((item.alert.severity for item in self.items), key=lambda severity: RANK[severity])

    @property
    def resolved(self) -> bool:
        """Whether everything in it is over."""
        return all(item.alert.resolved for item in self.items)


def headline(message: Message) -> str:
    """The message in a line."""
    items, count = message.items, len(message.items) + message.more
    if count == 1:
        return title(items[0])
    over = sum(item.alert.resolved for item in items)
    wrong = count - over
    parts = [f"{wrong} alert{'s' if wrong != 1 else ''}"] if wrong else []
    parts += [f"{over} resolved"] if over else []
    return ("Digest of quiet hours: " if message.digest else "") + ", ".join(parts)


def title(item: Item) -> str:
    """What stands above an alert."""
    word = "RESOLVED" if item.alert.resolved else item.alert.severity.upper()
    return f"{word}{' (still)' if item.again else ''}: {item.alert.title}"


def clock_text(at_s: float, time_zone: str) -> str:
    """`2026-11-23 10:00 CET`, for people."""
    return datetime.fromtimestamp(at_s, ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M %Z")


def plain_text(message: Message) -> str:
    """The message as text, for channels without a form of their own."""
    lines: list[str] = []
    for item in message.items:
        lines.append(title(item))
        lines += [f"  {name}: {value}" for name, value in facts(item, message.time_zone).items()]
        if item.runbook_url:
            lines.append(f"  what to do: {item.runbook_url}")
        lines.append("")
    if message.more:
        lines.append(f"... and {message.more} more: `headworks alerts list`.")
    return "\n".join(lines).strip()


def facts(item: Item, time_zone: str) -> dict[str, str]:
    """The figures of an alert, with what it is about and since when."""
    return {"about": item.alert.subject, **item.alert.facts, "since": clock_text(item.since_s, time_zone)}


def payload(message: Message, sent_s: float) -> dict[str, object]:
    """The message for programs."""
    return {
        "id": message.id,
        "sent_at": rfc3339(sent_s),
        "digest": message.digest,
        "more": message.more,
        "alerts": [_shown(item) for item in message.items],
    }


def _shown(item: Item) -> dict[str, object]:
    alert = item.alert
    return {
        "kind": alert.kind,
        "subject": alert.subject,
        "severity": alert.severity,
        "title": alert.title,
        "facts": alert.facts,
        "resolved": alert.resolved,
        "again": item.again,
        "at": rfc3339(item.at_s),
        "since": rfc3339(item.since_s),
        "runbook_url": item.runbook_url,
    }
