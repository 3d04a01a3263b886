"""Token counts: Anthropic's convention to ours and back.

Anthropic's `input_tokens` leaves out what was read from and written to the prefix cache; ours includes it. Cache writes
have two lifetimes with two prices. Counts of a stream are cumulative: those of `message_delta` replace those of
`message_start`, and whatever it leaves out stays
(https://platform.claude.com/docs/en/build-with-claude/streaming, prompt-caching; read 2026-11-23).
"""

from typing import Any

from msgspec import Struct

from headworks.core.replies import Usage

_TIERS = {"default": "standard", "standard": "standard", "priority": "priority", "batch": "batch"}


class _CacheCreation(Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(Struct):
    thinking_tokens: int | None = None


class _ServerToolUse(Struct):
    web_search_requests: int | None = None


class WireUsage(Struct):
    """A `usage` object; every count may be missing or null."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerToolUse | None = None
    service_tier: str | None = None

    def update(self, later: "WireUsage") -> None:
        """Take over every count that `later` has."""
        for name in self.__struct_fields__:
            if (value := getattr(later, name)) is not None:
                setattr(self, name, value)


def read_usage(wire: WireUsage) -> Usage:
    """The canonical counts. Cache writes beyond the known split are of the default lifetime, 5 minutes."""
    split = wire.cache_creation or _CacheCreation()
    write_1h = split.ephemeral_1h_input_tokens or 0
    write_5m = max(split.ephemeral_5m_input_tokens or 0, (wire.cache_creation_input_tokens or 0) - write_1h)
    cached = wire.cache_read_input_tokens or 0
    details, server = wire.output_tokens_details, wire.server_tool_use
    return Usage(
        input_tokens=(wire.input_tokens or 0) + cached + write_5m + write_1h,
        output_tokens=wire.output_tokens or 0,
        cached_tokens=cached,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        reasoning_tokens=(details and details.thinking_tokens) or 0,
        web_searches=(server and server.web_search_requests) or 0,
        service_tier=wire.service_tier,
    )


def write_usage(usage: Usage) -> dict[str, Any]:
    """A `usage` object for a client of this dialect."""
    wire: dict[str, Any] = {
        "input_tokens": max(0, usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    if usage.web_searches:
        wire["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    if tier := _TIERS.get(usage.service_tier or ""):
        wire["service_tier"] = tier
    return wire
