"""The bodies of a call as they are kept for features that capture them."""

from typing import Any

import msgspec
from msgspec import Raw

from headworks.core.messages import Ask
from headworks.core.replies import Event, RefusalDelta, TextDelta, ThinkingDelta, ToolArgumentsDelta, ToolCallStarted

_KEYS = {TextDelta: "text", ThinkingDelta: "thinking", RefusalDelta: "refusal"}


def captured_request(ask: Ask) -> Raw:
    """The body the client sent, field by field as sent."""
    return Raw(msgspec.json.encode(ask.fields))


def captured_response(events: list[Event]) -> Raw:
    """What came back, whatever the dialect: `{"choices": [{text, thinking, refusal, tool_calls}]}`, absent when empty.

    A reply cut short is kept as far as it came. Vectors of embeddings are not kept.
    """
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, TextDelta | ThinkingDelta | RefusalDelta):
            _choice(choices, event.choice).setdefault(_KEYS[type(event)], []).append(event.text)
        elif isinstance(event, ToolCallStarted):
            call = {"id": event.id, "name": event.name, "arguments": []}
            _choice(choices, event.choice).setdefault("tool_calls", {})[event.slot] = call
        elif isinstance(event, ToolArgumentsDelta):
            calls = _choice(choices, event.choice).get("tool_calls", {})
            if event.slot in calls:
                calls[event.slot]["arguments"].append(event.fragment)
    return Raw(msgspec.json.encode({"choices": [_joined(choices[number]) for number in sorted(choices)]}))


def _choice(choices: dict[int, dict[str, Any]], number: int) -> dict[str, Any]:
    return choices.setdefault(number, {})


def _joined(choice: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {key: "".join(value) for key, value in choice.items() if key != "tool_calls"}
    if "tool_calls" in choice:
        calls = choice["tool_calls"].values()
        whole["tool_calls"] = [{**call, "arguments": "".join(call["arguments"])} for call in calls]
    return whole
