"""Why providers refuse, in their own words as they were read, with whom and when beside them in the source."""

from pathlib import Path

import msgspec
import pytest

from headworks.core.errors import ProviderError
from headworks.dialects import anthropic, gemini, openai
from headworks.dialects.refusals import FILTERED, PREFILL, TOO_LONG, refusal_code
from headworks.dialects.too_long import TooLong, read_too_long

ROWS = [
    line.split("\t")
    for line in Path(__file__).with_name("refusals.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def sentences(kind):
    return [row[-1] for row in ROWS if row[0] == kind]


ORDINARY = [
    "max_tokens: must be greater than 0",
    "too many tokens: max tokens must be less than or equal to 4096, the maximum output - received 8192.",
    "temperature must be between 0 and 2",
    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'",
    "Unknown parameter: `topp`.",
]


def openai_error(status, **error):
    return openai.DIALECT.read_error(status, {}, msgspec.json.encode({"error": error}))


def anthropic_error(status, message):
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    return anthropic.DIALECT.read_error(status, {}, msgspec.json.encode(body))


def gemini_error(status, message):
    body = {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}
    return gemini.DIALECT.read_error(status, {}, msgspec.json.encode(body))


@pytest.mark.parametrize("row", [row[1:] for row in ROWS if row[0] == "too_long"], ids=lambda row: row[-1][:40])
def test_the_numbers_in_a_sentence_are_read(row):
    *numbers, sentence = row
    limit, read, output = (None if number == "-" else int(number) for number in numbers)
    said = TooLong(limit=limit, input=read, output=output)
    assert read_too_long(sentence) == said
    assert read_too_long(f"The provider answered 400: {sentence.upper()}") == said


@pytest.mark.parametrize("sentence", sentences("too_long") + sentences("too_long_without_numbers"))
def test_a_prompt_that_is_too_long_has_one_code_in_every_dialect(sentence):
    for error in (openai_error(400, message=sentence), anthropic_error(400, sentence), gemini_error(400, sentence)):
        assert (error.code, error.status, error.retryable) == (TOO_LONG, 400, False)


@pytest.mark.parametrize("sentence", sentences("filtered"))
def test_a_content_filter_has_one_code_in_every_dialect(sentence):
    for error in (openai_error(400, message=sentence), anthropic_error(400, sentence), gemini_error(400, sentence)):
        assert (error.code, error.status, error.retryable) == (FILTERED, 400, False)


@pytest.mark.parametrize("sentence", sentences("prefill"))
def test_an_answer_that_a_model_will_not_go_on_with_has_one_code_in_every_dialect(sentence):
    for error in (openai_error(400, message=sentence), anthropic_error(400, sentence), gemini_error(400, sentence)):
        assert (error.code, error.status, error.retryable) == (PREFILL, 400, False)


@pytest.mark.parametrize("sentence", ORDINARY)
def test_an_ordinary_fault_is_none_of_these(sentence):
    assert refusal_code(400, "invalid_request_error", sentence) is None


@pytest.mark.parametrize("status", [401, 402, 404, 408, 500, 502, 503, 529])
def test_words_alone_do_not_make_a_refusal_of_another_failure(status):
    assert refusal_code(status, "x", "We lost the context window of the prompt, which is too long ago.") is None
    assert refusal_code(status, "x", "must end with a user message") is None


def test_a_rate_limit_is_one_unless_a_single_request_exceeds_it():
    usual = "Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000."
    assert openai_error(429, message=usual, code="rate_limit_exceeded").code == "rate_limit_exceeded"
    alone = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389."
    error = openai_error(429, message=alone, code="rate_limit_exceeded")
    assert (error.code, error.status, error.retryable) == (TOO_LONG, 400, False)


@pytest.mark.parametrize(
    "body",
    [
        {"code": "The caller does not have permission", "error": "Content violates usage guidelines. Failed check: X"},
        {"error": {"code": 403, "message": 'x requires moderation. Your input was flagged for "y".'}},
        {"error": {"code": 403, "message": "no", "metadata": {"reasons": ["violence"], "flagged_input": "z"}}},
    ],
)
def test_a_filter_that_answers_403_is_no_fault_of_the_account(body):
    error = openai.DIALECT.read_error(403, {}, msgspec.json.encode(body))
    assert (error.code, error.status, error.retryable, error.account) == (FILTERED, 400, False, False)


def test_any_other_403_is_one_of_the_account():
    for sentence in ("Your key may not use this model.", "This account was closed for violating our usage policy."):
        error = openai_error(403, message=sentence)
        assert (error.code, error.account) == ("provider_error", True)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "no", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
        {"message": "no", "type": "content_filter", "code": 400},
        {"message": "no", "code": "data_inspection_failed"},
    ],
)
def test_a_filters_own_code_is_enough(error):
    assert openai_error(400, **error).code == FILTERED


def test_a_filtered_answer_may_come_as_an_error():
    body = {"id": "x", "choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}
    assert openai.DIALECT.read_error(400, {}, msgspec.json.encode(body)).code == FILTERED


def test_what_another_provider_said_is_read_and_quoted():
    raw = '{"type":"error","error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}'
    error = openai_error(400, code=400, message="Provider returned error", metadata={"raw": raw})
    assert error.code == TOO_LONG
    assert read_too_long(error.message) == TooLong(limit=200000, input=210000)
    page = openai_error(400, code=400, message="Provider returned error", metadata={"raw": "<html>secret</html>"})
    assert "secret" not in page.message


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"code": 400, "type": "exceed_context_size_error", "message": "no"}),
        (413, {"code": "context_length_exceeded", "message": "no"}),
        (500, {"message": "request (9412 tokens) exceeds the available context size (8192 tokens)"}),
    ],
)
def test_too_long_by_code_or_with_another_status(status, error):
    refused = openai_error(status, **error)
    assert (refused.code, refused.status, refused.retryable) == (TOO_LONG, 413 if status == 413 else 400, False)


def test_a_refusal_inside_a_stream_is_read_by_the_same_words():
    event = {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 7 maximum"}}
    reader = openai.DIALECT.stream_reader(None)
    with pytest.raises(ProviderError) as caught:
        reader.read(b"data: " + msgspec.json.encode(event) + b"\n\n")
    assert caught.value.code == TOO_LONG


def test_a_sentence_over_several_lines_is_read_as_one():
    assert (
        refusal_code(400, "", "The input token count (9)\nexceeds the maximum number\nof tokens allowed (7).")
        == TOO_LONG
    )
