"""Channels: how a message reaches people or programs, one file for each way."""

from headworks.core.people.letters import Answer, Letter, Post
from headworks.telemetry.alerts.channels.making import APPRISE_ADVICE, apprise_missing, channels_of
from headworks.telemetry.alerts.channels.protocols import Channel

__all__ = ["APPRISE_ADVICE", "Answer", "Channel", "Letter", "Post", "apprise_missing", "channels_of"]
