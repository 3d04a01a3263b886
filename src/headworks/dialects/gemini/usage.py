"""Gemini's token counts in the one convention of the house.

Source: https://ai.google.dev/api/generate-content#UsageMetadata (read 2026-11-23): the prompt count holds the cached
tokens, what tools brought back is counted beside it, and thoughts are counted beside the candidates. The tier that a
call ran in is `serviceTier` at the Gemini API and `trafficType` at Vertex AI
(https://github.com/vercel/ai/pull/15488, read 2026-11-24); neither has always been told.
"""

from headworks.core.replies import Usage
from headworks.dialects.gemini import wire

_TRAFFIC = {"ON_DEMAND": "standard", "ON_DEMAND_PRIORITY": "priority", "ON_DEMAND_FLEX": "flex"}
_UNSAID = frozenset({"", "TRAFFIC_TYPE_UNSPECIFIED"})


def read_usage(counts: wire.UsageMetadata, *, web_searches: int = 0, service_tier: str | None = None) -> Usage:
    """Canonical usage. `service_tier` is the one asked for, which counts where the reply does not tell its own."""
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
        cached_audio_tokens=_of("AUDIO", counts.cache_tokens_details) if counts.cache_tokens_details else None,
        cached_image_tokens=_of("IMAGE", counts.cache_tokens_details) if counts.cache_tokens_details else None,
        web_searches=web_searches,
        service_tier=_tier(counts) or service_tier,
    )


def _tier(counts: wire.UsageMetadata) -> str | None:
    if counts.service_tier:
        return counts.service_tier.lower()
    kind = counts.traffic_type or ""
    return _TRAFFIC.get(kind, None if kind in _UNSAID else kind.lower())


def _of(modality: str, details: list[wire.ModalityCount]) -> int:
    return sum(detail.token_count for detail in details if detail.modality == modality)
