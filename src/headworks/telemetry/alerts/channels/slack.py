"""Slack, by an incoming webhook: blocks with the figures as fields, and links.

Limits as of 2026 (docs.slack.dev/reference/block-kit/blocks): 50 blocks in a message, 10 fields in a section of 2000
characters each, 3000 characters of text, 150 in a header. A message of more than about 11,000 characters of text in all
is refused (github.com/slackapi/bolt-js/issues/2867), so it ends long before.
"""

from typing import Any

import msgspec

from headworks.core.people.letters import Letter, Post
from headworks.telemetry.alerts.channels.protocols import taken
from headworks.telemetry.alerts.message import Item, Message, clock_text, headline, title

_HEADER, _TEXT, _FIELD, _FIELDS = 150, 600, 300, 10
_MOST_BLOCKS, _MOST_CHARACTERS = 46, 8_000
_MARGIN_S = 30.0


class SlackChannel:
    """Satisfies `Channel`.

    Args:
        name: Of the channel, for sentences.
        url: The webhook.
        timeout_s: Seconds that Slack has to answer.
        post: Sends it.
    """

    def __init__(self, name: str, url: str, timeout_s: float, post: Post) -> None:
        self.lease_s = timeout_s + _MARGIN_S
        self._name = name
        self._url = url
        self._timeout_s = timeout_s
        self._post = post

    async def send(self, message: Message, now_s: float) -> None:
        """Send the blocks of a message."""
        body = msgspec.json.encode(slack_body(message))
        letter = Letter(to="channel", name=self._name, url=self._url, headers={}, body=body, timeout_s=self._timeout_s)
        taken(await self._post(letter), self._name)

    def close(self) -> None:
        """Nothing is held."""


def slack_body(message: Message) -> dict[str, Any]:
    """What is posted: the blocks, and a line for notifications."""
    line = headline(message)
    blocks: list[dict[str, Any]] = [_block("header", text=_plain(line))]
    shown, characters = 0, len(line)
    for item in message.items:
        more = _alert(item, message.time_zone)
        size = len(msgspec.json.encode(more))
        if len(blocks) + len(more) > _MOST_BLOCKS or (characters + size > _MOST_CHARACTERS and shown):
            break
        blocks += more
        characters += size
        shown += 1
    left = len(message.items) - shown + message.more
    if left:
        blocks.append(_context(f"... and {left} more: `headworks alerts list`"))
    return {"text": _cut(_escaped(line), _TEXT), "blocks": blocks}


def _alert(item: Item, time_zone: str) -> list[dict[str, Any]]:
    heading = _block("section", text=_marked(f"*{_cut(_escaped(title(item)), _TEXT)}*"))
    facts = [*item.alert.facts.items()][:_FIELDS]
    if facts:
        heading["fields"] = [_marked(f"*{_escaped(name)}*\n{_value(value)}") for name, value in facts]
    notes = [_escaped(_cut(item.alert.subject, _FIELD)), f"since {clock_text(item.since_s, time_zone)}"]
    if item.runbook_url:
        notes.append(f"<{_escaped(item.runbook_url)}|what to do>")
    return [_block("divider"), heading, _context(" | ".join(notes))]


def _value(text: str) -> str:
    if text.startswith(("http://", "https://")) and not any(mark in text for mark in "|<> "):
        return f"<{_escaped(text)}>"
    return _cut(_escaped(text), _FIELD)


def _block(kind: str, **content: Any) -> dict[str, Any]:
    return {"type": kind, **content}


def _context(text: str) -> dict[str, Any]:
    return _block("context", elements=[_marked(text)])


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, _HEADER), "emoji": False}


def _marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _escaped(text: str) -> str:
    """Text as text: what a client has named must not become a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
