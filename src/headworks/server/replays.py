"""A recorded call made again: exactly, or with another model or prompt version, beside what it said then.

What the client sent has to be on record (`capture: bodies`). The call is made by the gateway itself, past the cache,
for the organisation of the recorded one, and is a record of its own with the tag `headworks=replay`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock
from headworks.core.errors import BadAskError
from headworks.core.ids import new_trace_id
from headworks.core.messages import OURSELVES, Ask, Caller
from headworks.core.replies import Chunk, TextDelta
from headworks.dialects import anthropic, openai
from headworks.dialects.protocols import Endpoint, Envelope
from headworks.server.asides import TAG, Asides

_ENDPOINTS: Mapping[tuple[str, str], Endpoint] = {
    ("openai", "chat"): openai.CHAT,
    ("openai", "completion"): openai.COMPLETIONS,
    ("anthropic", "chat"): anthropic.MESSAGES,
}


class ReplayWish(Struct, frozen=True):
    """What is to be different: the model's name, or the prompt's `name@version`; None for as it was."""

    model: str | None = None
    prompt: str | None = None


class Replayed(Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        trace_id: Of the new call.
        before: Of the recorded call: model, prompt, cost and the like.
        after: The same of the new one.
        said_before: The answer then, None where it was not kept.
        said_now: The answer now.
    """

    trace_id: str
    before: dict[str, Any]
    after: dict[str, Any]
    said_before: str | None
    said_now: str


class Replays:
    """Makes recorded calls again.

    Args:
        asides: Makes calls of the gateway's own. Asked at every call: it may be reloaded.
        clock: Source of time.
    """

    def __init__(self, asides: Callable[[], Asides], clock: Clock) -> None:
        self._asides = asides
        self._clock = clock

    async def run(self, record: dict[str, Any], wish: ReplayWish) -> Replayed:
        """Make the call of a record again.

        Raises:
            BadAskError: Its request is not on record (409), or it is of a kind that is not made again.
            HeadworksError: There is no answer.
        """
        ask = self._ask(record, wish)
        caller = Caller(key_id=OURSELVES, key_name=OURSELVES, org_id=record.get("org_id") or OURSELVES)
        chunks, facts = await self._asides().told(ask, caller)
        return Replayed(
            trace_id=ask.trace_id,
            before={name: record.get(name) for name in _SHOWN},
            after={name: facts.get(name) for name in _SHOWN},
            said_before=_said(record.get("response")),
            said_now=_text(chunks),
        )

    def _ask(self, record: dict[str, Any], wish: ReplayWish) -> Ask:
        endpoint = _ENDPOINTS.get((record.get("dialect", ""), record.get("kind", "")))
        body = record.get("request")
        if endpoint is None:
            raise BadAskError(f"A call of kind `{record.get('kind')}` is not made again.", status=409)
        if not isinstance(body, dict):
            raise BadAskError(
                "What the client sent is not on record: the feature has to say `capture: bodies`.", status=409
            )
        now_s = self._clock.now()
        envelope = Envelope(trace_id=new_trace_id(now_s), headers={}, created=int(now_s))
        ask = endpoint.read(msgspec.json.encode(_changed(body, record, wish)), envelope)
        ask.feature, ask.org_id, ask.user_id = record.get("feature"), record.get("org_id"), record.get("user_id")
        ask.cache, ask.tags = "off", {TAG: "replay"}
        return ask


_FIGURES = ("prompt_tokens", "completion_tokens", "cost_usd", "latency_ms")
_SHOWN = ("model", "provider", "prompt", "finish_reason", *_FIGURES)


def _changed(body: dict[str, Any], record: dict[str, Any], wish: ReplayWish) -> dict[str, Any]:
    """The body with the model that answered then, and the version of the prompt that was in force, unless wished."""
    prompt = wish.prompt or record.get("prompt")
    changed = {**body, "model": wish.model or record.get("model") or body.get("model"), "stream": False}
    changed.pop("stream_options", None)
    if prompt is None:
        return changed
    given = body.get("prompt")
    variables = body.get("variables") or (given.get("variables") if isinstance(given, dict) else None)
    if variables is None and not isinstance(given, dict):
        raise BadAskError("The call sent whole messages: there are no variables to put into a prompt.", status=409)
    changed.pop("variables", None)
    name, _, version = prompt.partition("@")
    named: dict[str, Any] = {"name": name, "variables": variables or {}}
    if version:
        named |= {"version": int(version)} if version.isdecimal() else {"label": version}
    return changed | {"prompt": named}


def _said(response: Any) -> str | None:
    """The first choice's text, as captured."""
    if not isinstance(response, dict):
        return None
    choices = response.get("choices") or [{}]
    return str(choices[0].get("text", ""))


def _text(chunks: list[Chunk]) -> str:
    events = (event for chunk in chunks for event in chunk.events)
    return "".join(event.text for event in events if isinstance(event, TextDelta) and event.choice == 0)
