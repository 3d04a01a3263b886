"""Change what an Anthropic client asks.

Neighbouring turns of one role are combined into one by the provider, and a final assistant turn is gone on with, where
the model supports that (platform.claude.com/docs/en/api/messages, as documented in the official client 2.12; read
2026-11-24). Tool results follow their calls at once, in the next user turn.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Raw, Struct

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Target
from headworks.dialects.anthropic.client.plain import PLAIN
from headworks.dialects.anthropic.client.prompt import read_prompt
from headworks.dialects.protocols import Turn
from headworks.dialects.splicing import answer_begun, appended, as_list, edited, given, items, message, whole_number

LEAST_BUDGET = 1024
"""Thinking against a budget takes so many tokens, and the budget must be below `max_tokens` (platform.claude.com/docs/
en/build-with-claude/extended-thinking, read 2026-11-24)."""


class _Block(Struct):
    type: str
    id: Raw = Raw()
    tool_use_id: Raw = Raw()


class _Message(Struct):
    role: str
    content: str | list[_Block]


class _Thinking(Struct):
    type: str = ""
    budget_tokens: int | None = None


class _Format(Struct):
    format: Raw = Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)
_THINKING = msgspec.json.Decoder(_Thinking)
_FORMAT = msgspec.json.Decoder(_Format)
_OBJECT = msgspec.json.Decoder(dict[str, Raw])


class AnthropicEditor:
    """Edits asks of kind `chat`; a count of tokens may have its messages changed."""

    def continued(self, ask: Ask, text: str, request: str | None) -> Ask:
        """`ask` with `text` as what the assistant has said so far, and `request` as the user turn after it."""
        if ask.kind != "chat":
            raise BadAskError(f"A call of kind `{ask.kind}` has no answer to go on with.", code="unsupported_field")
        messages = bytes(ask.fields["messages"])
        said = text.rstrip() if request is None else text
        if said.strip():
            messages = answer_begun(messages, said)
        if request is not None:
            messages = appended(messages, message("user", request))
        return edited(ask, read_prompt, messages=messages)

    def limited(self, ask: Ask, max_tokens: int, target: Target) -> Ask:
        """`ask` with an answer of at most `max_tokens` tokens, or the least that its thinking leaves room for.

        Thinking stays on, for its blocks in the history are valid only so; its budget is halved until it fits.
        """
        usual = self.max_tokens(ask)
        budget = _budget(ask)
        limit = max_tokens if budget is None else max(max_tokens, 2 * LEAST_BUDGET)
        if usual is None or limit >= usual:
            return ask
        changes = {"max_tokens": msgspec.json.encode(limit)}
        if budget is not None and budget >= limit:
            smaller = Raw(msgspec.json.encode(limit // 2))
            changes["thinking"] = msgspec.json.encode(
                _OBJECT.decode(ask.fields["thinking"]) | {"budget_tokens": smaller}
            )
        return edited(ask, read_prompt, **changes)

    def defaulted(self, ask: Ask, fields: Mapping[str, bytes]) -> Ask:
        """As the protocol says."""
        new = {name: value for name, value in fields.items() if given(ask, name) is None}
        return edited(ask, read_prompt, **new) if new else ask

    def max_tokens(self, ask: Ask) -> int | None:
        """The field `max_tokens`, which only a count may lack."""
        return whole_number(ask, "max_tokens")

    def expects_json(self, ask: Ask) -> bool:
        """Whether `output_config.format` is set, or `output_format`, its name in the beta."""
        config = given(ask, "output_config")
        inside = config is not None and bytes(_FORMAT.decode(config).format) != b"null"
        return inside or given(ask, "output_format") is not None

    def choices(self, ask: Ask) -> int:
        """One: this dialect has no more."""
        return 1

    def wants_reasoning(self, ask: Ask) -> bool:
        """Whether `thinking` is on."""
        thinking = given(ask, "thinking") if "thinking" in ask.fields else None
        return thinking is not None and _THINKING.decode(thinking).type != "disabled"

    def plain(self, ask: Ask) -> bool:
        """Whether it is a message of text and the client's own tools."""
        return ask.kind == "chat" and PLAIN.holds(ask.fields)

    def turns(self, ask: Ask) -> list[Turn]:
        """The messages in order. The system prompt is none of them."""
        return [_turn(raw) for raw in items(ask.fields["messages"])]

    def with_turns(self, ask: Ask, turns: Sequence[Turn]) -> Ask:
        """`ask` with other messages."""
        return edited(ask, read_prompt, messages=as_list(turn.raw for turn in turns))

    def user_turn(self, text: str) -> Turn:
        """A message of the user."""
        return Turn("user", message("user", text))

    def aside(self, ask: Ask, turns: Sequence[Turn], max_tokens: int, target: Target) -> Ask:
        """A chat of its own, without the client's betas."""
        bare = msgspec.structs.replace(
            ask, kind="chat", stream=False, headers={}, outlives_client=False, fields={"model": ask.fields["model"]}
        )
        limit = msgspec.json.encode(max_tokens)
        return edited(bare, read_prompt, max_tokens=limit, messages=as_list(turn.raw for turn in turns))


def _budget(ask: Ask) -> int | None:
    """Tokens that thinking may take; None where it has no budget."""
    thinking = given(ask, "thinking")
    found = _THINKING.decode(thinking) if thinking is not None else _Thinking()
    return found.budget_tokens if found.type == "enabled" else None


def _turn(raw: bytes) -> Turn:
    found = _MESSAGE.decode(raw)
    blocks = found.content if isinstance(found.content, list) else []
    calls = tuple(_id(block.id) for block in blocks if block.type.endswith("tool_use"))
    results = tuple(_id(block.tool_use_id) for block in blocks if block.type.endswith("tool_result"))
    return Turn(found.role, raw, tuple(filter(None, calls)), tuple(filter(None, results)))


def _id(raw: Raw) -> str:
    """The id; empty where a block of a kind unknown here has none that is text."""
    value = msgspec.json.decode(raw) if memoryview(raw) else ""
    return value if isinstance(value, str) else ""
