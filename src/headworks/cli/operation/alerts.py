"""`headworks alerts`: what is wrong, what could not be told, and whether the channels work."""

from collections.abc import Iterator, Mapping
from typing import Any

from headworks.cli.access.alerts import AlertAccess, RemoteAlerts, StoredAlerts
from headworks.cli.access.place import Here, Place
from headworks.cli.output import json_text, table

_OK, _FAILED = 0, 1
_ALERTS = ("state", "severity", "kind", "subject", "since", "title")
_MESSAGES = ("channel", "state", "tries", "made_at", "due_at", "error", "alerts")


def list_alerts(*, place: Here | None = None) -> int:
    """Show what is wrong, what was of late, and the messages that wait or could not be delivered.

    Example: headworks alerts list --url http://127.0.0.1:8080

    Args:
        place: Where to look.
    """
    place = place or Place()
    found = _alerts(place).listed()
    print(json_text(found) if place.json else "\n".join(_told(found)))
    return _OK


def send_test(channel: str | None = None, *, place: Here | None = None) -> int:
    """Send a test alert to the channels of the config, at once, past quiet hours and filters.

    Example: headworks alerts test --channel ops

    Args:
        channel: Only this one.
        place: Where the config is. With `--url` the gateway there sends it.

    Returns:
        Exit code: 0 when it arrived everywhere, 1 when not.
    """
    place = place or Place()
    results = _alerts(place).test(channel)
    if place.json:
        print(json_text({"data": [{"channel": name, "error": error} for name, error in results.items()]}))
    else:
        for name, error in results.items():
            print(f"{name}: {error or 'sent'}")
    return _FAILED if any(results.values()) else _OK


def _alerts(place: Place) -> AlertAccess:
    admin = place.admin()
    return StoredAlerts(place.read()) if admin is None else RemoteAlerts(admin)


def _told(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["alerts"]:
        yield "Nothing is wrong, and nothing was of late."
    else:
        yield table([{**row, "state": "open" if row["open"] else "resolved"} for row in found["alerts"]], _ALERTS)
    if found["undelivered"]:
        yield ""
        yield "Not delivered:"
        yield table([_message(row) for row in found["undelivered"]], _MESSAGES)


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "alerts": len(row["alerts"]) + row["more"]}
