"""Sources and token log-probabilities of a Gemini answer, in neutral words.

Gemini measures stretches of text in bytes of UTF-8; the house, like the dialects clients speak, in characters.
Source: https://ai.google.dev/api/generate-content#GroundingMetadata, #CitationMetadata and #LogprobsResult (read
2026-11-23).
"""

from typing import Any

from headworks.core.messages import Citation
from headworks.dialects.gemini import wire


def citations(candidate: wire.Candidate, text: str) -> list[Citation]:
    """The sources this candidate names; `text` is what it has said so far."""
    found: list[Citation] = []
    if quoted := candidate.citation_metadata:
        for source in quoted.citations or quoted.citation_sources:
            start, end = _characters(text, source.start_index, source.end_index)
            found.append(Citation(title=source.title, url=source.uri, start=start, end=end))
    if grounding := candidate.grounding_metadata:
        found += _grounded(grounding, text)
    return found


def _grounded(grounding: wire.Grounding, text: str) -> list[Citation]:
    found: list[Citation] = []
    sources = [chunk.web or chunk.retrieved_context or chunk.maps for chunk in grounding.grounding_chunks]
    for support in grounding.grounding_supports:
        segment = support.segment
        # Offsets into a later part say nothing about the text as a whole.
        whole = segment.part_index == 0
        start, end = _characters(text, segment.start_index, segment.end_index) if whole else (None, None)
        for index in support.grounding_chunk_indices:
            source = sources[index] if 0 <= index < len(sources) else None
            if source is not None:
                found.append(Citation(title=source.title, url=source.uri, quote=segment.text, start=start, end=end))
    return found


def _characters(text: str, start: int, end: int | None) -> tuple[int | None, int | None]:
    """Character offsets for byte offsets; None where the text is not that long."""
    raw = text.encode()
    if end is None or not 0 <= start <= end <= len(raw):
        return None, None
    return len(raw[:start].decode(errors="ignore")), len(raw[:end].decode(errors="ignore"))


def logprobs(result: wire.Logprobs) -> list[dict[str, Any]]:
    """Log-probabilities in OpenAI's `content[]` shape, one entry per token."""
    steps: list[dict[str, Any]] = []
    for place, chosen in enumerate(result.chosen_candidates):
        top = result.top_candidates[place].candidates if place < len(result.top_candidates) else []
        steps.append(_token(chosen) | {"top_logprobs": [_token(token) for token in top]})
    return steps


def _token(token: wire.TokenChoice) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.log_probability, "bytes": list(token.token.encode())}
