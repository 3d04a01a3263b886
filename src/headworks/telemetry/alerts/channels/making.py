"""The channels of a config."""

import importlib
from importlib.util import find_spec
from typing import cast

from headworks.core.errors import ProviderError
from headworks.core.people.letters import Post
from headworks.telemetry.alerts.channels.protocols import Channel
from headworks.telemetry.alerts.channels.slack import SlackChannel
from headworks.telemetry.alerts.channels.webhook import WebhookChannel
from headworks.telemetry.alerts.config import AlertSettings, ChannelSettings
from headworks.telemetry.alerts.message import Message

APPRISE_ADVICE = "needs apprise: install headworks[alerts]"


class AbsentChannel:
    """Stands for a channel whose library is not installed: the gateway starts, and says why nobody is told.

    Args:
        name: Of the channel.
    """

    lease_s = 30.0

    def __init__(self, name: str) -> None:
        self._name = name

    async def send(self, message: Message, now_s: float) -> None:
        """Nobody is reached."""
        raise ProviderError(f"Channel `{self._name}` {APPRISE_ADVICE}.", retryable=False)

    def close(self) -> None:
        """Nothing is held."""


def channels_of(settings: AlertSettings, post: Post) -> dict[str, Channel]:
    """The channels by their names."""
    return {name: _made(name, channel, post) for name, channel in settings.channels.items()}


def apprise_missing(settings: AlertSettings) -> list[str]:
    """The channels that cannot work because apprise is not installed."""
    if find_spec("apprise") is not None:
        return []
    return [name for name, channel in settings.channels.items() if channel.apprise_urls]


def _made(name: str, settings: ChannelSettings, post: Post) -> Channel:
    if settings.slack_url is not None:
        return SlackChannel(name, settings.slack_url.get_secret_value(), settings.timeout_s, post)
    if settings.webhook_url is not None:
        secret = settings.webhook_secret
        text = None if secret is None else secret.get_secret_value()
        return WebhookChannel(name, settings.webhook_url.get_secret_value(), text, settings.timeout_s, post)
    if find_spec("apprise") is None:
        return AbsentChannel(name)
    elsewhere = importlib.import_module("headworks.telemetry.alerts.channels.elsewhere")
    urls = [url.get_secret_value() for url in settings.apprise_urls]
    return cast("Channel", elsewhere.AppriseChannel(name, urls, settings.timeout_s))
