"""Token counts: Anthropic's convention to ours and back.

Anthropic's `input_tokens` leaves out what was read from and written to the prefix cache; ours includes it. Cache writes
have two lifetimes with two prices. Counts of a stream are cumulative: those of `message_delta` replace those of
`message_start`, and whatever it leaves out stays
(https://platform.claude.com/docs/en/build-with-claude/streaming, prompt-caching; read 2026-11-23).

A call may be sampled several times (`iterations`). The counts of the whole hold all of them but compactions, which are
paid for beside (build-with-claude/compaction, read 2026-11-24). Where another model had a part in it (an advisor, a
fallback), its tokens have that model's price, which nobody here knows: such a call is of the tier `mixed`, which has no
price. Faster sampling and inference within the United States have their own prices, so they are tiers here, too.
"""

from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.replies import Usage

_OWN_STEPS = frozenset({"message", "compaction"})
_TIERS = {"default": "standard", "standard": "standard", "priority": "priority", "batch": "batch"}


class _CacheCreation(Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Iteration(Struct):
    type: str = "message"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None


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
    speed: str | None = None
    inference_geo: str | None = None
    iterations: list[_Iteration] | int | None = None

    def update(self, later: "WireUsage") -> None:
        """Take over every count that `later` has."""
        for name in self.__struct_fields__:
            if (value := getattr(later, name)) is not None:
                setattr(self, name, value)


def read_usage(wire: WireUsage) -> Usage:
    """The canonical counts. Cache writes beyond the known split are of the default lifetime, 5 minutes."""
    steps = wire.iterations if isinstance(wire.iterations, list) else []
    usage = _counts(wire, [step for step in steps if step.type == "message"])
    for step in steps:
        if step.type == "compaction":
            usage = _added(usage, _counts(step, []))
    details, server = wire.output_tokens_details, wire.server_tool_use
    return msgspec.structs.replace(
        usage,
        reasoning_tokens=(details and details.thinking_tokens) or 0,
        web_searches=(server and server.web_search_requests) or 0,
        service_tier=_tier(wire, steps),
    )


def _counts(wire: WireUsage | _Iteration, steps: list[_Iteration]) -> Usage:
    """Tokens read and written. `steps` say more of the lifetimes than the sum does, which may be told without."""
    known = [split for split in (step.cache_creation for step in steps) if split is not None]
    whole = wire.cache_creation or _CacheCreation()
    write_1h = max(whole.ephemeral_1h_input_tokens or 0, sum(split.ephemeral_1h_input_tokens or 0 for split in known))
    write_5m = max(whole.ephemeral_5m_input_tokens or 0, (wire.cache_creation_input_tokens or 0) - write_1h)
    cached = wire.cache_read_input_tokens or 0
    return Usage(
        input_tokens=(wire.input_tokens or 0) + cached + write_5m + write_1h,
        output_tokens=wire.output_tokens or 0,
        cached_tokens=cached,
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
    )


def _added(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cached_tokens=one.cached_tokens + other.cached_tokens,
        cache_write_5m_tokens=one.cache_write_5m_tokens + other.cache_write_5m_tokens,
        cache_write_1h_tokens=one.cache_write_1h_tokens + other.cache_write_1h_tokens,
    )


def _tier(wire: WireUsage, steps: list[_Iteration]) -> str | None:
    """What decides the price beside the counts: the service tier, speed, and place (`priority`, `fast`, `fast@us`)."""
    if any(step.type not in _OWN_STEPS for step in steps):
        return "mixed"
    tier = wire.service_tier
    if wire.speed == "fast":
        tier = "fast" if tier in (None, "standard") else f"{tier} fast"
    return f"{tier or 'standard'}@us" if wire.inference_geo == "us" else tier


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
    if tier := _TIERS.get((usage.service_tier or "").removesuffix("@us")):
        wire["service_tier"] = tier
    return wire
