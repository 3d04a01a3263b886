"""Why a provider refuses a request, by its own words: too long, filtered, or an answer begun for the model.

Few providers have a code for it and any of them may serve another's model, so all dialects share these tables. Read on
2026-11-24 in the documentation and issue threads named beside the words.
"""

import re

from headworks.dialects.too_long import read_too_long, says_too_long

TOO_LONG, FILTERED, PREFILL = "context_length_exceeded", "content_policy_violation", "prefill_rejected"
REFUSALS = frozenset({TOO_LONG, FILTERED, PREFILL})
"""Codes of refusals that lie in what was asked: the same again cannot help, whatever status they came with."""
SEARCHED_CHARACTERS = 4_000
"""Of a provider's sentence; what says why stands at its beginning."""

_FILTERED_CODES = ("content_filter", "content_policy", "moderation", "responsibleaipolicy", "data_inspection")
_FILTERED = re.compile(
    # Azure (learn.microsoft.com, Content filtering), Anthropic (github.com/anthropics/claude-code/issues/6195)
    r"content (?:management|filter(?:ing)?) policy"
    # by OpenAI (github.com/openai/codex/issues/44287)
    r"|usage policy|violat\w+ .{0,20}(?:usage|content|safety) (?:polic|guideline)|rejected .{0,20}safety system"
    # DeepSeek (github.com/666ghj/BettaFish/issues/108), Moonshot (github.com/MoonshotAI/kimi-cli/issues/1002)
    r"|content exists risk|considered high risk"
    # DashScope, z.ai, Gemini
    r"|inappropriate content|unsafe or sensitive content|prohibited_content",
    re.IGNORECASE,
)
_FILTERED_403 = re.compile(
    # A 403 is usually about the account, which may be shut for its own violations. By xAI (github.com/theopenco/
    # llmgateway/pull/1785) and OpenRouter (openrouter.ai/docs/api/reference/errors-and-debugging).
    r"content violates usage|input was flagged",
    re.IGNORECASE,
)
_PREFILL = re.compile(
    # Anthropic (platform.claude.com/docs/en/api/errors, github.com/vybestack/llxprt-code/pull/3695), where thinking is
    # on as well: "a final `assistant` message must start with a thinking block"
    r"assistant message prefill|prefilling assistant messages|must end with a user message"
    r"|final `?assistant`? (?:message|content) (?:must start|cannot end)"
    # by Mistral and Perplexity (github.com/BerriAI/litellm/issues/3918)
    r"|expected last role\b.{0,80}got assistant|last message must (?:have role|be from).{0,12}\buser"
    # by llama.cpp (github.com/ggml-org/llama.cpp/issues/20861)
    r"|assistant response prefill|2 or more assistant messages at the end"
    # by Gemini (github.com/songquanpeng/one-api/issues/836, github.com/ericc-ch/copilot-api/issues/272)
    r"|multiturn requests? ends? with a user|must not be from the assistant",
    re.IGNORECASE,
)


def refusal_code(status: int, words: str, sentence: str) -> str | None:
    """Which of `REFUSALS` a provider's error is; None for any other error.

    Args:
        status: The provider's HTTP status, or the one its error type stands for.
        words: The provider's own codes and types, where it has such.
        sentence: What it says for people.
    """
    words, sentence = words.lower(), " ".join(sentence[:SEARCHED_CHARACTERS].split())
    ours = status in (400, 413, 422)
    if ours or status == 403:
        by_code = any(code in words for code in _FILTERED_CODES)
        if by_code or _FILTERED_403.search(sentence) or (ours and _FILTERED.search(sentence)):
            return FILTERED
    if ours and _PREFILL.search(sentence):
        return PREFILL
    if ours and ("context_length" in words or "context_size" in words or says_too_long(sentence)):
        return TOO_LONG
    # Some call it a limit of rate or a fault of their own: then only a sentence that is surely known is believed.
    return TOO_LONG if status in (429, 500) and read_too_long(sentence) is not None else None
