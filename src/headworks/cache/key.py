"""The key of a call: equal for calls that must be answered alike, different for any two that may not share an answer.

Built of two parts. The *ground* is what the house knows: whose call it is, its feature, the models of its route, the
versions of prompt, documents and safety policy. The *reading* is what the client asks: everything in its body but
fields that carry the request (`stream`, `user`, ...). A plain chat is read as its neutral prompt, so both dialects
share answers; any other body in its own words, with the keys of objects in order. Nothing is left out by default: a
field that nobody knows is part of the key.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Message, Part, Prompt, Route, Text, ToolCall, ToolResult

CARRIERS = frozenset(
    {
        "metadata",
        "model",  # the route says what answers
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "user",
    }
)
"""Fields that say how a request travels, who sends it and what it may cost, not what is asked."""
FORM = "1"
"""Of the canonical form. A change of it makes every older entry unreachable."""
HOSTED = "(hosted)"
"""Stands for any tool that the provider runs: nobody here knows its effects."""
_MEMO_ENTRIES = 4096
_MEMO_BYTES = 16 * 1024
"""A longer body is read anew each time: what is remembered is to stay under some ten megabytes."""
_canonical = msgspec.json.Encoder(order="deterministic").encode
_plain = msgspec.json.Encoder().encode


class Reading(Struct, frozen=True, kw_only=True):
    """What a body asks.

    Attributes:
        whole: Digest of all of it.
        before: Digest of all but the words of the last user turn; None when they cannot be told apart.
        question: Those words.
        tools: Names of the tools that are offered.
        temperature: As asked for; None for the model's own.
        limited: Whether the client limits the length of the answer.
    """

    whole: bytes
    before: bytes | None = None
    question: str = ""
    tools: frozenset[str] = frozenset()
    temperature: float | None = None
    limited: bool = False


class Key(Struct, frozen=True, kw_only=True):
    """Of one call.

    Attributes:
        exact: 32 bytes: calls with the same one may share an answer.
        partition: 32 bytes: questions under the same one differ in the words of the last user turn only; None where
            there is no such question.
        question: Those words.
        limited: Whether the client limits the length of the answer.
    """

    exact: bytes
    partition: bytes | None
    question: str
    limited: bool


def ground(route: Route, scope: tuple[str, ...], versions: tuple[str, ...]) -> bytes:
    """What the house knows of a call.

    Args:
        route: Feature and models.
        scope: Who shares answers: kind of scope, organisation, user.
        versions: Of prompt, documents and safety policy.
    """
    models = [(target.provider, target.provider_model, target.name) for target in route.targets]
    return _digest(_canonical([FORM, scope, route.feature, route.query_type, models, versions]))


def key_of(base: bytes, reading: Reading) -> Key:
    """The key of a call on this ground."""
    return Key(
        exact=_digest(base + reading.whole),
        partition=None if reading.before is None else _digest(base + reading.before),
        question=reading.question,
        limited=reading.limited,
    )


class Reader:
    """Reads bodies, and remembers what it has read.

    Args:
        plain: For each client dialect, whether an ask's neutral prompt says all that its body says.
    """

    def __init__(self, plain: Mapping[str, Callable[[Ask], bool]]) -> None:
        self._plain = plain
        self._memo: OrderedDict[bytes, tuple[Reading, dict[str, Raw]]] = OrderedDict()

    def read(self, ask: Ask) -> Reading | None:
        """What `ask` asks; None for a body that no key can be made of.

        A body that says a key twice, or a number in an unusual way, is put in plain form: what is sent on is then what
        was read here.
        """
        memo, size = _body_digest(ask)
        known = self._memo.get(memo)
        if known is not None:
            self._memo.move_to_end(memo)
            reading, plain = known
            ask.fields.update(plain)
            return reading
        try:
            values = {name: msgspec.json.decode(raw) for name, raw in ask.fields.items() if name not in CARRIERS}
            plain = _plain_fields(ask, values)
            ask.fields.update(plain)
            reading = self._reading(ask, values)
        except (msgspec.MsgspecError, OverflowError, RecursionError):
            return None
        if size <= _MEMO_BYTES:
            self._memo[memo] = reading, plain
            if len(self._memo) > _MEMO_ENTRIES:
                self._memo.popitem(last=False)
        return reading

    def forget(self) -> None:
        """Remember nothing."""
        self._memo.clear()

    def _reading(self, ask: Ask, values: dict[str, Any]) -> Reading:
        if self._plain[ask.dialect](ask):
            try:
                return _read_prompt(ask.prompt)
            except BadAskError:
                pass
        tools = values.get("tools")
        return Reading(
            whole=_digest(_canonical([ask.dialect, ask.kind, values])),
            tools=frozenset({HOSTED}) if tools else frozenset(),
            temperature=_number(values.get("temperature")),
            limited="max_tokens" in values or "max_completion_tokens" in values,
        )


def _plain_fields(ask: Ask, values: dict[str, Any]) -> dict[str, Raw]:
    """The fields whose bytes say more than their values, in plain form."""
    written = {name: _plain(value) for name, value in values.items()}
    return {name: Raw(data) for name, data in written.items() if data != bytes(ask.fields[name])}


def _read_prompt(prompt: Prompt) -> Reading:
    messages = list(_renamed(prompt.messages))
    question = _question(messages)
    shown = replace(prompt, messages=tuple(messages), user=None, service_tier=None, tools=_unmarked(prompt.tools))
    shown = replace(shown, extra={name: value for name, value in prompt.extra.items() if name not in CARRIERS})
    before = None
    if question is not None:
        last = Message("user", (), messages[-1].name)
        before = _digest(b"before" + _canonical(replace(shown, messages=(*messages[:-1], last))))
    return Reading(
        whole=_digest(_canonical(shown)),
        before=before,
        question=question or "",
        tools=frozenset(tool.name for tool in prompt.tools),
        temperature=prompt.temperature,
        limited=prompt.max_tokens is not None,
    )


def _question(messages: list[Message]) -> str | None:
    """The words of the last user turn, when it is the last message and of words alone."""
    if not messages or messages[-1].role != "user" or len(messages[-1].parts) != 1:
        return None
    part = messages[-1].parts[0]
    return part.text if isinstance(part, Text) and not part.citations else None


def _renamed(messages: tuple[Message, ...]) -> Any:
    """The messages without marks, and with tool calls numbered: their ids differ from run to run and mean nothing."""
    names: dict[str, str] = {}
    for message in messages:
        parts = tuple(_bare(part, names) for part in message.parts)
        yield Message(message.role, parts, message.name)


def _bare(part: Part, names: dict[str, str]) -> Part:
    if isinstance(part, ToolCall):
        name = names.setdefault(part.id, str(len(names)))
        return replace(part, id=name, arguments=_ordered(part.arguments), cache_mark=None)
    if isinstance(part, ToolResult):
        inner = tuple(replace(piece, cache_mark=None) for piece in part.parts)
        return replace(part, call_id=names.get(part.call_id, part.call_id), parts=inner, cache_mark=None)
    if isinstance(part, Text):
        return replace(part, cache_mark=None) if part.cache_mark is not None else part
    return part


def _unmarked(tools: Any) -> Any:
    return tuple(replace(tool, cache_mark=None) for tool in tools)


def _ordered(arguments: str) -> str:
    """JSON arguments with their keys in order; as they are when they are no JSON."""
    try:
        return _canonical(msgspec.json.decode(arguments)).decode()
    except (msgspec.MsgspecError, RecursionError, OverflowError):
        return arguments


def _body_digest(ask: Ask) -> tuple[bytes, int]:
    """Digest and size of the fields as sent."""
    size = 0
    digest = hashlib.blake2b(f"{ask.dialect} {ask.kind}".encode(), digest_size=16)
    for name, raw in ask.fields.items():
        if name not in CARRIERS:
            view = memoryview(raw)
            digest.update(b"\0%b\0%d\0" % (name.encode("utf-8", "surrogatepass"), len(view)))
            digest.update(view)
            size += len(view)
    return digest.digest(), size


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
