"""Channels: how a message reaches people or programs, one file for each way."""

from headworks.telemetry.alerts.channels.making import APPRISE_ADVICE, apprise_missing, channels_of
from headworks.telemetry.alerts.channels.protocols import Answer, Channel, Letter, Post

__all__ = ["APPRISE_ADVICE", "Answer", "Channel", "Letter", "Post", "apprise_missing", "channels_of"]
