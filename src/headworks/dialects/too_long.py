"""The sentences in which providers say that a prompt is too long, and the numbers in them.

Any server may run another's model and pass its words on, so there is one table for all dialects. Read on 2026-11-24 in
the documentation and issue threads named beside the wordings.
"""

import re

from msgspec import Struct

# LIMIT, INPUT, OUTPUT, TOTAL (input and output) and OVER stand for numbers, `...` for at most 200 characters. The first
# wording that fits counts, so what says more stands before what says less.
_WORDINGS = (
    # vLLM, of late (github.com/vllm-project/vllm/issues/33418); it counts the prompt no further than the limit
    "maximum context length is LIMIT tokens ... you requested OUTPUT output tokens and ... at least INPUT input tokens",
    "you passed INPUT input tokens and requested OUTPUT output tokens ... context length is only LIMIT tokens",
    # vLLM and its like (github.com/UKGovernmentBEIS/inspect_ai/issues/2634)
    "is too large: OUTPUT. This model's maximum context length is LIMIT tokens and your request has INPUT input tokens",
    "maximum context length is LIMIT tokens ... your request has INPUT input tokens",
    # OpenAI, DeepSeek, older vLLM (github.com/evalstate/fast-agent/issues/621, crewAIInc/crewAI-examples/issues/121)
    "maximum context length is LIMIT tokens ... you requested TOTAL tokens ... OUTPUT in the completion",
    "maximum context length is LIMIT tokens ... you requested TOTAL tokens ... OUTPUT for the completion",
    "maximum context length is LIMIT tokens ... you requested TOTAL tokens",
    "maximum context length is LIMIT tokens ... your messages resulted in INPUT tokens",
    "input tokens exceed the configured limit of LIMIT tokens ... your messages resulted in INPUT tokens",
    # by OpenRouter (github.com/Kilo-Org/cloud/pull/2671)
    "maximum context length is LIMIT tokens ... you requested about TOTAL tokens ... OUTPUT in the output",
    "maximum context length is LIMIT tokens ... you requested about TOTAL tokens",
    # SGLang (its source, tokenizer_manager.py); servers of one model or many
    "context length of LIMIT tokens ... a total of TOTAL tokens: INPUT tokens ... and OUTPUT tokens for the completion",
    "TOTAL total tokens (INPUT input + OUTPUT output), which exceeds the model's maximum context length of LIMIT",
    "token count is INPUT, which exceeds the model's maximum context size of LIMIT tokens",
    "input length INPUT exceeds the maximum allowed input length of LIMIT",
    "token count of INPUT exceeds the limit of LIMIT",
    "exceeded max context length by OVER tokens",
    "range of input length should be [1, LIMIT]",
    # by Anthropic (portkey.ai/error-library/input-length-error-10152, github.com/docker/docker-agent/issues/569)
    "prompt is too long: INPUT tokens > LIMIT maximum",
    "exceed context limit: INPUT + OUTPUT > LIMIT",
    # by Gemini (github.com/google-gemini/gemini-cli/issues/6678); the same models at Vertex
    "input token count (INPUT) exceeds the maximum number of tokens allowed (LIMIT)",
    "input token count is INPUT but model only supports up to LIMIT",
    # by Mistral (portkey.ai/error-library/context-length-exceeded-error-13710000)
    "prompt contains INPUT tokens ... too large for model with LIMIT maximum context length",
    # by xAI (github.com/cline/cline/issues/3120)
    "maximum prompt length is LIMIT but the request contains INPUT tokens",
    # by llama.cpp (its source, server-context.cpp)
    "request (INPUT tokens) exceeds the available context size (LIMIT tokens)",
    # Together, and the servers of Hugging Face (github.com/stanford-crfm/helm/pull/2079)
    "the input (INPUT tokens) is longer than the model's context length (LIMIT tokens)",
    "`max_new_tokens` must be <= LIMIT. Given: INPUT `inputs` tokens and OUTPUT `max_new_tokens`",
    # by Cerebras (github.com/cline/cline/issues/5140), Fireworks (github.com/fw-ai/cookbook/issues/134), Moonshot
    "current length is INPUT while limit is LIMIT",
    "prompt is too long: INPUT, model maximum context length: LIMIT",
    "exceeded model token limit: LIMIT (requested: TOTAL)",
    # by Cohere (github.com/cohere-ai/sandbox-topically/issues/4)
    "size limit exceeded by OVER tokens ... limit for this model is LIMIT tokens",
    "size limit exceeded by OVER tokens",
    "(prompt and prediction) cannot exceed LIMIT - received TOTAL",
    # One request alone exceeds what the account may ask in a minute (github.com/Aider-AI/aider/issues/1880; Groq, which
    # answers 413: github.com/continuedev/continue/issues/10218)
    "request too large for ... tokens per min ... limit LIMIT, requested TOTAL",
)
_GENERAL = re.compile(
    r"context[ _-](?:length|window|size)|maximum context|too many (?:input )?tokens(?!: max tokens)"
    r"|(?:prompt|input|messages) (?:is |are )?too long|reduce the length of the (?:messages|input|prompt)"
    r"|token limit exceeded|string too long\. expected a string with maximum|must be at least 1, got -\d",
    re.IGNORECASE,
)
_PLACES = re.compile(r"LIMIT|INPUT|OUTPUT|TOTAL|OVER| \\\.\\\.\\\. ")


class TooLong(Struct, frozen=True, kw_only=True):
    """What a provider says of a prompt that is too long. Tokens; None for what it does not say.

    Attributes:
        limit: What the model reads and writes at most, or reads at most.
        input: What the prompt takes.
        output: What was kept free for the answer.
    """

    limit: int | None = None
    input: int | None = None
    output: int | None = None


def says_too_long(sentence: str) -> bool:
    """Whether the sentence of an error that is the request's fault means that the prompt is too long."""
    return _GENERAL.search(sentence) is not None or read_too_long(sentence) is not None


def read_too_long(sentence: str) -> TooLong | None:
    """The numbers in a provider's sentence; None when it is none of the known ones."""
    for wording in _PATTERNS:
        if match := wording.search(sentence):
            return _settled({name: int(digits.replace(",", "")) for name, digits in match.groupdict().items()})
    return None


def _pattern(wording: str) -> re.Pattern[str]:
    def place(found: re.Match[str]) -> str:
        name = found.group().strip().lower()
        return rf"(?<![\d,])(?P<{name}>\d[\d,]{{0,14}})" if name.isalpha() else r".{0,200}?"

    return re.compile(_PLACES.sub(place, re.escape(wording).replace(r"\ ", " ")), re.IGNORECASE)


_PATTERNS = tuple(map(_pattern, _WORDINGS))


def _settled(said: dict[str, int]) -> TooLong:
    limit, output, read = said.get("limit"), said.get("output"), said.get("input")
    if read is None and "total" in said:
        read = said["total"] - (output or 0)
    if read is None and limit is not None and "over" in said:
        read = limit + said["over"]
    if limit is not None and read == limit - (output or 0) + 1:
        read = None  # counted only until it was one too many
    return TooLong(limit=limit, input=read, output=output)
