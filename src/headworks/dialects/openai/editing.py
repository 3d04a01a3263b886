"""Change what an OpenAI client asks: chats and legacy completions.

The longest answer is `max_completion_tokens`, or `max_tokens` where the client says it so (the former replaces the
latter: developers.openai.com, chat completions, as documented in the official client 3.54; read 2026-11-24). Messages
need not alternate between roles, but every tool call must be followed by its results.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Raw, Struct

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Prompt, Target
from headworks.dialects.openai import chat, completions
from headworks.dialects.openai.plain import PLAIN
from headworks.dialects.openai.wire import limit_name
from headworks.dialects.protocols import Turn
from headworks.dialects.splicing import (
    answer_begun,
    appended,
    as_list,
    edited,
    given,
    items,
    lengthened,
    message,
    whole_number,
)

_LIMITS = ("max_completion_tokens", "max_tokens")
_JSON = frozenset({"json_object", "json_schema"})
# OpenAI's own name, and those of servers that speak its dialect.
_REASONING = frozenset({"reasoning_effort", "reasoning", "thinking", "enable_thinking"})


class _Call(Struct):
    id: str = ""


class _Message(Struct):
    role: str
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None
    function_call: Raw = Raw(b"null")
    name: str | None = None


class _Typed(Struct):
    type: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)
_TYPED = msgspec.json.Decoder(_Typed)


class OpenAIEditor:
    """Edits asks of kind `chat` and `completion`; any other is left as it is."""

    def continued(self, ask: Ask, text: str, request: str | None) -> Ask:
        """`ask` with `text` as what the assistant has said so far, and `request` as the user turn after it."""
        if ask.kind == "completion":
            return edited(ask, _read(ask), prompt=_prompt_with(ask, text))
        messages = _messages(ask)
        said = text.rstrip() if request is None else text
        if said.strip():
            messages = answer_begun(messages, said)
        if request is not None:
            messages = appended(messages, message("user", request))
        return edited(ask, _read(ask), messages=messages)

    def limited(self, ask: Ask, max_tokens: int, target: Target) -> Ask:
        """`ask` with an answer of at most `max_tokens` tokens, by the client's own names, else by the target's."""
        if ask.kind not in ("chat", "completion"):
            return ask
        names = [name for name in _LIMITS if given(ask, name) is not None]
        usual = "max_tokens" if ask.kind == "completion" else limit_name(target)
        limits = {name: min(max_tokens, whole_number(ask, name) or max_tokens) for name in names or [usual]}
        return edited(ask, _read(ask), **{name: msgspec.json.encode(limit) for name, limit in limits.items()})

    def defaulted(self, ask: Ask, fields: Mapping[str, bytes]) -> Ask:
        """As the protocol says."""
        new = {name: value for name, value in fields.items() if given(ask, name) is None}
        return edited(ask, _read(ask), **new) if new else ask

    def max_tokens(self, ask: Ask) -> int | None:
        """The longest answer the client wants."""
        return whole_number(ask, "max_completion_tokens") or whole_number(ask, "max_tokens")

    def expects_json(self, ask: Ask) -> bool:
        """Whether `response_format` asks for JSON."""
        wanted = given(ask, "response_format")
        return wanted is not None and _TYPED.decode(wanted).type in _JSON

    def choices(self, ask: Ask) -> int:
        """The field `n`; of a legacy completion `best_of`, where that is more: all are written and paid for."""
        return max(whole_number(ask, "n") or 1, whole_number(ask, "best_of") or 1)

    def wants_reasoning(self, ask: Ask) -> bool:
        """Whether any of the fields is there that servers of this dialect have for it, and does not say no."""
        if _REASONING.isdisjoint(ask.fields):
            return False
        return any(name in ask.fields and _means_yes(ask.fields[name]) for name in _REASONING)

    def plain(self, ask: Ask) -> bool:
        """Whether it is a chat of text and functions."""
        return ask.kind == "chat" and PLAIN.holds(ask.fields)

    def turns(self, ask: Ask) -> list[Turn]:
        """The messages in order. The former `function_call` has no id and is known by its name."""
        return [_turn(raw) for raw in items(_messages(ask))] if ask.kind == "chat" else []

    def with_turns(self, ask: Ask, turns: Sequence[Turn]) -> Ask:
        """`ask` with other messages."""
        _messages(ask)
        return edited(ask, _read(ask), messages=as_list(turn.raw for turn in turns))

    def user_turn(self, text: str) -> Turn:
        """A message of the user."""
        return Turn("user", message("user", text))

    def aside(self, ask: Ask, turns: Sequence[Turn], max_tokens: int, target: Target) -> Ask:
        """A chat of its own. The limit is named as the client names it, for that its model surely knows."""
        name = next((name for name in _LIMITS if given(ask, name) is not None), limit_name(target))
        bare = msgspec.structs.replace(
            ask, kind="chat", stream=False, headers={}, outlives_client=False, fields={"model": ask.fields["model"]}
        )
        limit = {name: msgspec.json.encode(max_tokens)}
        return edited(bare, chat.read_fields, messages=as_list(turn.raw for turn in turns), **limit)


def _read(ask: Ask) -> Callable[[dict[str, Raw]], Prompt]:
    return completions.read_fields if ask.kind == "completion" else chat.read_fields


def _messages(ask: Ask) -> bytes:
    if ask.kind != "chat":
        raise BadAskError(f"A call of kind `{ask.kind}` has no messages to change.", code="unsupported_field")
    return bytes(ask.fields["messages"])


def _prompt_with(ask: Ask, text: str) -> bytes:
    """The one text of a completion with more text. With `echo` the answer repeats it, so nothing can be added."""
    prompt = bytes(ask.fields["prompt"])
    if prompt[:1] == b"[" and len(texts := items(prompt)) == 1:
        prompt = texts[0]
    echo = given(ask, "echo")
    if prompt[:1] != b'"' or (echo is not None and msgspec.json.decode(echo)):
        raise BadAskError("Only a completion of one text without `echo` can be gone on with.", param="prompt")
    return lengthened(prompt, text)


def _means_yes(raw: Raw) -> bool:
    value = msgspec.json.decode(raw)
    if isinstance(value, dict):
        off = value.get("type") == "disabled" or value.get("enabled") is False or value.get("effort") == "none"
        return not off
    return value not in (None, False, "none")


def _turn(raw: bytes) -> Turn:
    found = _MESSAGE.decode(raw)
    calls = [call.id for call in found.tool_calls or ()]
    results = [found.tool_call_id] if found.role == "tool" and found.tool_call_id else []
    former = msgspec.json.decode(found.function_call)
    if isinstance(former, dict) and isinstance(former.get("name"), str):
        calls.append(former["name"])
    if found.role == "function" and found.name:
        results.append(found.name)
    return Turn(found.role, raw, tuple(calls), tuple(results))
