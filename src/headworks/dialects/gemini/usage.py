"""Gemini's token counts in the one convention of the house.

Source: https://ai.google.dev/api/generate-content#UsageMetadata (read 2026-11-23): the prompt count holds the cached
tokens, what tools brought back is counted beside it, and thoughts are counted beside the candidates.
"""

from headworks.core.replies import Usage
from headworks.dialects.gemini import wire


def read_usage(counts: wire.UsageMetadata, *, web_searches: int = 0, service_tier: str | None = None) -> Usage:
    """Canonical usage. The tier is the one asked for: the body of a reply does not repeat it."""
    input_tokens = counts.prompt_token_count + counts.tool_use_prompt_token_count
    read = counts.prompt_tokens_details + counts.tool_use_prompt_tokens_details
    return Usage(
        input_tokens=input_tokens,
        output_tokens=counts.candidates_token_count + counts.thoughts_token_count,
        cached_tokens=min(input_tokens, counts.cached_content_token_count),
        reasoning_tokens=counts.thoughts_token_count,
        audio_input_tokens=_of("AUDIO", read),
        audio_output_tokens=_of("AUDIO", counts.candidates_tokens_details),
        image_input_tokens=_of("IMAGE", read),
        web_searches=web_searches,
        service_tier=service_tier,
    )


def _of(modality: str, details: list[wire.ModalityCount]) -> int:
    return sum(detail.token_count for detail in details if detail.modality == modality)
