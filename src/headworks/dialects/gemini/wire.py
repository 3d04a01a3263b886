"""Shapes of Gemini replies, as checked types. Only fields with a meaning here are named; all others are let go.

Source: https://ai.google.dev/api/generate-content, https://ai.google.dev/api/embeddings and
https://ai.google.dev/api/tokens (read 2026-11-23).
"""

from msgspec import Raw, Struct

from headworks.dialects.gemini.errors import Status


class FunctionCall(Struct):
    """The model asks for a tool. `args` is an object, kept as written; missing when there are none."""

    name: str
    id: str | None = None
    args: Raw = Raw(b"{}")  # msgspec cannot read a raw value that may be null as well


class Blob(Struct, rename="camel"):
    """Bytes the model made."""

    mime_type: str = ""


class Part(Struct, rename="camel"):
    """A piece of an answer."""

    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None


class Content(Struct):
    """What a candidate says. Missing when it was stopped before it said anything."""

    parts: list[Part] = []


class Source(Struct):
    """A page, a document or a place."""

    uri: str | None = None
    title: str | None = None


class GroundingChunk(Struct, rename="camel"):
    """One source of a grounded answer."""

    web: Source | None = None
    retrieved_context: Source | None = None
    maps: Source | None = None


class Segment(Struct, frozen=True, rename="camel"):
    """A stretch of the answer; offsets are bytes of UTF-8 within part `part_index`."""

    part_index: int = 0
    start_index: int = 0
    end_index: int | None = None
    text: str | None = None


class GroundingSupport(Struct, rename="camel"):
    """Which sources a stretch rests on."""

    segment: Segment = Segment()
    grounding_chunk_indices: list[int] = []


class Grounding(Struct, rename="camel"):
    """Sources, and what was searched for."""

    grounding_chunks: list[GroundingChunk] = []
    grounding_supports: list[GroundingSupport] = []
    web_search_queries: list[str] = []


class CitationSource(Struct, rename="camel"):
    """Where a stretch of the answer was taken from; offsets are bytes of UTF-8."""

    start_index: int = 0
    end_index: int | None = None
    uri: str | None = None
    title: str | None = None


class CitationMetadata(Struct, rename="camel"):
    """Passages quoted from elsewhere. Older answers spell the list `citationSources`."""

    citations: list[CitationSource] = []
    citation_sources: list[CitationSource] = []


class TokenChoice(Struct, rename="camel"):
    """A token and its log-probability."""

    token: str = ""
    log_probability: float = 0.0


class TopTokens(Struct):
    """The likeliest tokens at one step."""

    candidates: list[TokenChoice] = []


class Logprobs(Struct, rename="camel"):
    """Log-probabilities, step by step."""

    top_candidates: list[TopTokens] = []
    chosen_candidates: list[TokenChoice] = []


class Candidate(Struct, rename="camel"):
    """One choice, or what is new of it."""

    content: Content | None = None
    index: int = 0
    finish_reason: str | None = None
    finish_message: str | None = None
    citation_metadata: CitationMetadata | None = None
    grounding_metadata: Grounding | None = None
    logprobs_result: Logprobs | None = None


class ModalityCount(Struct, rename="camel"):
    """Tokens of one kind: `TEXT`, `IMAGE`, `VIDEO`, `AUDIO`, `DOCUMENT`."""

    modality: str = ""
    token_count: int = 0


class UsageMetadata(Struct, rename="camel"):
    """Token counts. Cached tokens are inside the prompt; thoughts are beside the candidates."""

    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0
    prompt_tokens_details: list[ModalityCount] = []
    tool_use_prompt_tokens_details: list[ModalityCount] = []
    candidates_tokens_details: list[ModalityCount] = []
    cache_tokens_details: list[ModalityCount] = []
    service_tier: str | None = None
    traffic_type: str | None = None


class PromptFeedback(Struct, rename="camel"):
    """Why a prompt was not answered at all."""

    block_reason: str | None = None


class ReplyBody(Struct, rename="camel"):
    """A whole reply, or one event of a stream."""

    candidates: list[Candidate] = []
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str = ""
    response_id: str = ""
    error: Status | None = None


class Vector(Struct):
    """One embedding."""

    values: list[float] = []


class EmbeddingReply(Struct, rename="camel"):
    """Embeddings in the order of the requests."""

    embeddings: list[Vector]
    usage_metadata: UsageMetadata | None = None


class CountReply(Struct, rename="camel"):
    """A token count."""

    total_tokens: int
