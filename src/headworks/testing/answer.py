"""What the fake says to a request, before it is put into any dialect's words.

Everything is deterministic: the same request and recipe give the same answer, so a test can know it beforehand.
"""

import re
from itertools import cycle, islice
from typing import Any

from msgspec import Struct

from headworks.core.replies import Usage
from headworks.testing.recipe import Recipe
from headworks.testing.schema import json_text, minimal
from headworks.testing.talk import Talk, left_to_say
from headworks.testing.wire.prefixes import Kept

DEFAULT_TOKENS = 16
BYTES_PER_TOKEN = 4
WRONG_FACTOR = 10
_PIECE = re.compile(r"\s*\S{1,12}|\s+")


class ToolSpec(Struct, frozen=True):
    """A tool that the request offers; `schema` is the JSON Schema of its arguments."""

    name: str
    schema: dict[str, Any]


class Question(Struct, kw_only=True):
    """What a request asks for, in no dialect's words.

    Attributes:
        model: Model asked for.
        stream: Server-sent events wanted.
        talk: The conversation.
        body_bytes: Length of the request body, from which input tokens are counted.
        forced: Tool that must be called, None when none must.
        schema: JSON Schema that the answer must fit.
        max_tokens: The answer's length limit.
        stops: Stop sequences.
        choices: How many answers.
        tell_usage: Usage wanted on a stream.
        logprobs: Log-probabilities wanted.
        think: Reasoning wanted.
        inputs: Texts to embed.
        dimensions: Length of the vectors.
        base64: Vectors wanted as base64.
        kept: What of the prompt was kept before, and is from now on.
    """

    model: str
    body_bytes: int
    stream: bool = False
    talk: Talk = Talk()
    forced: ToolSpec | None = None
    schema: dict[str, Any] | None = None
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    choices: int = 1
    tell_usage: bool = True
    logprobs: bool = False
    think: bool = False
    inputs: tuple[str, ...] = ()
    dimensions: int = 0
    base64: bool = False
    kept: Kept = Kept()


class ToolUse(Struct, frozen=True):
    """A call of a tool: JSON arguments in fragments as they are streamed, and whole."""

    id: str
    name: str
    fragments: tuple[str, ...]
    arguments: dict[str, Any]


class Answer(Struct, frozen=True, kw_only=True):
    """The whole answer. `pieces` and `thinking` are texts cut into tokens; `finish` is None when it is left out."""

    id: str
    created: int
    question: Question
    pieces: list[str]
    thinking: list[str]
    tool_uses: tuple[ToolUse, ...]
    refusal: bool
    finish: str | None
    stop_sequence: str | None
    usage: Usage | None
    usage_last: bool
    end_marker: bool

    @property
    def text(self) -> str:
        """The words said."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """Length of all choices: text, thinking and arguments."""
        one = len(self.thinking) + len(self.pieces) + sum(len(use.fragments) for use in self.tool_uses)
        return one * self.question.choices


def compose(question: Question, recipe: Recipe, number: int, created: int) -> Answer:
    """The answer to `question` as `recipe` wants it; `number` and `created` (Unix seconds) make its id and date."""
    tool_uses = _tool_uses(question, recipe, number)
    thinking = split(recipe.thinking or ("I think about it." if question.think else ""))
    pieces, finish, stop_sequence = ([], "tool_calls", None) if tool_uses else _words(question, recipe)
    finish = "refusal" if recipe.refusal else finish
    written = len(thinking) + len(pieces) + sum(len(use.fragments) for use in tool_uses)
    return Answer(
        id=f"fake-{number}",
        created=created,
        question=question,
        pieces=pieces,
        thinking=thinking,
        tool_uses=tool_uses,
        refusal=bool(recipe.refusal),
        finish=None if recipe.omit_finish else recipe.finish_reason or finish,
        stop_sequence=stop_sequence,
        usage=_usage(question, recipe, written * question.choices, len(thinking)),
        usage_last=recipe.usage == "in_last_chunk",
        end_marker=not recipe.omit_end,
    )


def split(text: str) -> list[str]:
    """`text` in tokens: words with the space before them, long words in pieces of twelve characters."""
    return _PIECE.findall(text)


def echo(said: str, tokens: int) -> list[str]:
    """`Echo:` and the words of `said`, again and again until there are `tokens` tokens."""
    if tokens == 0:
        return []
    words = said.split(None, tokens)[:tokens] or ["nothing"]
    return ["Echo:", *(f" {word[:40]}" for word in islice(cycle(words), tokens - 1))]


def input_tokens(body_bytes: int) -> int:
    """The fake's count of a request: a token for every four bytes of body, at least one."""
    return max(1, body_bytes // BYTES_PER_TOKEN)


def _words(question: Question, recipe: Recipe) -> tuple[list[str], str, str | None]:
    """Tokens to say, why they end, and the stop sequence that ended them."""
    stop_sequence = None

    def intend(said: str) -> list[str]:
        nonlocal stop_sequence
        pieces, stop_sequence = _cut_at_stop(_unlimited(question, recipe, said), question.stops)
        return pieces

    pieces = left_to_say(question.talk, recipe, question.max_tokens, intend)
    if question.max_tokens is not None and len(pieces) > question.max_tokens:
        return pieces[: question.max_tokens], "length", None
    return pieces, "stop" if stop_sequence is None else "stop_sequence", stop_sequence


def _unlimited(question: Question, recipe: Recipe, said: str) -> list[str]:
    if recipe.big_body_bytes:
        return ["x" * recipe.big_body_bytes]
    if (fixed := recipe.refusal or recipe.text) is not None:
        return split(fixed)
    if question.schema is not None:
        return split(json_text(minimal(question.schema)))
    wanted = DEFAULT_TOKENS if recipe.tokens is None else recipe.tokens
    return echo(said, wanted)


def _cut_at_stop(pieces: list[str], stops: tuple[str, ...]) -> tuple[list[str], str | None]:
    text = "".join(pieces) if stops else ""
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not found:
        return pieces, None
    at, stop = min(found)
    return split(text[:at]), stop


def _tool_uses(question: Question, recipe: Recipe, number: int) -> tuple[ToolUse, ...]:
    wanted = [(call.name, call.arguments, call.id) for call in recipe.tool_calls]
    if not wanted and question.forced is not None and not recipe.refusal:
        wanted = [(question.forced.name, minimal(question.forced.schema), None)]
    return tuple(
        ToolUse(given or f"call_{number}_{slot}", name, tuple(split(json_text(arguments))), arguments)
        for slot, (name, arguments, given) in enumerate(wanted)
    )


def _usage(question: Question, recipe: Recipe, written: int, thought: int) -> Usage | None:
    read = input_tokens(question.body_bytes)
    kept = question.kept
    counts = recipe.counts or Usage(
        input_tokens=max(read, kept.read + kept.written_5m + kept.written_1h),
        output_tokens=written,
        reasoning_tokens=thought,
        cached_tokens=kept.read,
        cache_write_5m_tokens=kept.written_5m,
        cache_write_1h_tokens=kept.written_1h,
    )
    match recipe.usage:
        case "missing":
            return None
        case "zero":
            return Usage()
        case "wrong":
            return Usage(
                input_tokens=counts.input_tokens * WRONG_FACTOR, output_tokens=counts.output_tokens * WRONG_FACTOR
            )
        case _:
            return counts
