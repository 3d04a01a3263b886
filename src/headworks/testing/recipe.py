"""Recipes: how the fake provider behaves for one call. Plain data, so they travel in headers, files and commands."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from headworks.core.replies import Usage

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Rate = Annotated[float, Meta(gt=0)]
UsageMode = Literal["right", "missing", "wrong", "in_last_chunk", "zero"]
PrefillMode = Literal["continued", "rejected", "ignored"]
ContinuationMode = Literal["off", "continued", "overlapping", "restarted"]


class FakeToolCall(Struct, frozen=True, forbid_unknown_fields=True):
    """A tool call the fake makes. Without an `id` it makes one up."""

    name: str
    arguments: dict[str, Any] = {}
    id: str | None = None


class Recipe(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Behaviour for one call; every field left out means "as a good provider does".

    A token is one step of the answer: a piece of text, of thinking, or of a tool call's arguments. Faults "after N
    tokens" of an answer that is not streamed strike at the matching share of its body.

    Attributes:
        text: The words to say. Default: `Echo:` and the words of the last user message, again and again.
        tokens: Length of the echo; 16 when not given. The request's own token limit still cuts it.
        thinking: Reasoning shown before the answer.
        tool_calls: Tools to call instead of speaking, all in one turn.
        refusal: The model declines in these words.
        finish_reason: A reason of the house (`stop`, `length`, ...), or any text to send as it is.
        counts: Token counts to report, in the house's convention; the fake's own count when not given.
        usage: `right`; `missing`; `wrong` (ten times too much); `zero`; `in_last_chunk` (streams: OpenAI's stands in
            the chunk with the finish reason, Anthropic's only in `message_delta`, Gemini's only in the last chunk).
        prefill: What a conversation that ends in a turn of the assistant gets: the rest (`continued`), a 400 in the
            words of models that want none (`rejected`), or the whole answer (`ignored`).
        continuation: What a turn of the user gets that follows an unfinished answer: the rest (`continued`), its last
            three tokens again and the rest (`overlapping`), the whole answer once more (`restarted`), or an answer of
            its own, as any other turn (`off`).
        status: HTTP status; 400 and above answer with the dialect's error body.
        error_code: What kind of error: `context_length_exceeded`, `content_filter`, `insufficient_quota`,
            `rate_limit_exceeded`, `model_not_found`, `invalid_api_key`, `overloaded`, or any text to send as code.
            With `error_after_tokens` it is the error that stands within the 200.
        error_body: Body to answer with, as it is, instead of the dialect's error.
        retry_after: Text of the `retry-after` header, whatever it is.
        headers: Further response headers.
        content_type: Another `content-type` than the right one.
        redirect_to: Answer 307 with this `location`.
        big_body_bytes: Make the text (or the error's message) this long.
        silence_s: Seconds to wait before the first byte.
        first_token_s: Seconds between the opening of a stream, which comes at once, and its first token. A body that is
            not streamed comes so much later.
        tokens_per_second: Pace of the answer; as fast as possible when not given. A body that is not streamed comes
            when all its tokens would be there.
        stall_after_tokens: Stop sending after so many tokens, for `stall_s` seconds.
        stall_s: Length of that stall; an hour when not given.
        hang_up: Close the connection without a single byte of answer.
        cut_after_tokens: Close the connection cleanly (FIN) after so many tokens, the answer unfinished.
        reset_after_tokens: Reset the connection (RST) after so many tokens.
        malformed_after_tokens: Send an event that is not JSON after so many tokens, then go on.
        error_after_tokens: Send the dialect's error event after so many tokens, within the 200, and end: `overloaded`,
            unless `error_code` says which.
        omit_finish: Never say a finish reason.
        omit_end: Leave out the end marker (`[DONE]`, `message_stop`).
        bytes_per_second: Dribble everything, headers too, byte by byte at this rate (slow loris).
        split_utf8: Cut every event in two, within a character where it has one of several bytes.
        coalesce: Send as many events as possible in one write.
        close_connection: Close the connection after the answer, and say so.
        for_key: Applies only to calls with this key.
        for_model: Applies only to calls for this model.
        for_stream: Applies only to streams (true), or only to answers that are not streamed (false).
        probability: How likely the recipe is to apply to a call; otherwise the call is answered well.
        times: How many calls the recipe applies to; without limit when not given (in a script: one).
        times_each: How many of the calls that ask the same it applies to: 1 fails every first attempt.
    """

    text: str | None = None
    tokens: Count | None = None
    thinking: str | None = None
    tool_calls: tuple[FakeToolCall, ...] = ()
    refusal: str | None = None
    finish_reason: str | None = None
    counts: Usage | None = None
    usage: UsageMode = "right"
    prefill: PrefillMode = "continued"
    continuation: ContinuationMode = "continued"
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    error_code: str | None = None
    error_body: str | None = None
    retry_after: str | None = None
    headers: dict[str, str] = {}
    content_type: str | None = None
    redirect_to: str | None = None
    big_body_bytes: Count = 0
    silence_s: Seconds = 0.0
    first_token_s: Seconds = 0.0
    tokens_per_second: Rate | None = None
    stall_after_tokens: Count | None = None
    stall_s: Seconds = 3600.0
    hang_up: bool = False
    cut_after_tokens: Count | None = None
    reset_after_tokens: Count | None = None
    malformed_after_tokens: Count | None = None
    error_after_tokens: Count | None = None
    omit_finish: bool = False
    omit_end: bool = False
    bytes_per_second: Rate | None = None
    split_utf8: bool = False
    coalesce: bool = False
    close_connection: bool = False
    for_key: str | None = None
    for_model: str | None = None
    for_stream: bool | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    times: AtLeastOne | None = None
    times_each: AtLeastOne | None = None


GOOD = Recipe()

SHIPPED: dict[str, Recipe] = {
    "good": GOOD,
    "rate-limited": Recipe(status=429, retry_after="1"),
    "over-quota": Recipe(error_code="insufficient_quota"),
    "bad-key": Recipe(status=401),
    "too-long": Recipe(error_code="context_length_exceeded"),
    "filtered": Recipe(error_code="content_filter"),
    "overloaded": Recipe(error_code="overloaded"),
    "down": Recipe(status=503),
    "broken": Recipe(status=500),
    "flaky": Recipe(status=503, probability=0.5),
    "unreachable": Recipe(hang_up=True),
    "silent": Recipe(silence_s=3600.0),
    "slow": Recipe(tokens_per_second=10.0),
    "stalls": Recipe(stall_after_tokens=5),
    "cut": Recipe(cut_after_tokens=5),
    "reset": Recipe(reset_after_tokens=5),
    "malformed": Recipe(malformed_after_tokens=5),
    "error-in-stream": Recipe(error_after_tokens=5),
    "no-finish": Recipe(omit_finish=True, omit_end=True),
    "no-end": Recipe(omit_end=True),
    "slow-loris": Recipe(bytes_per_second=50.0),
    "wrong-usage": Recipe(usage="wrong"),
    "no-usage": Recipe(usage="missing"),
}
"""Recipes known by name: `x-fake-recipe: cut`, model `fake/cut`, `--recipe cut`."""


class UnknownRecipeError(ValueError):
    """A recipe that is neither a known name nor valid JSON of a `Recipe`."""


def read_recipe(text: str, named: dict[str, Recipe] | None = None) -> Recipe:
    """The recipe that `text` stands for: a name, or JSON such as `{"status": 429}`.

    Args:
        text: The name or the JSON.
        named: The names known; the shipped ones when not given.

    Raises:
        UnknownRecipeError: Says what is wrong and which names there are.
    """
    names = SHIPPED if named is None else named
    if found := names.get(text.strip()):
        return found
    if not text.lstrip().startswith("{"):
        raise UnknownRecipeError(f"No recipe is called {text!r}. Known names: {', '.join(sorted(names))}.")
    try:
        return msgspec.json.decode(text, type=Recipe)
    except msgspec.DecodeError as error:
        raise UnknownRecipeError(f"The recipe {text!r} is not valid: {error}.") from error
