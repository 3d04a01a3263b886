"""Everything the providers room needs to reach one configured provider. Built from the config, never from a request."""

from typing import Literal

from msgspec import Struct

from headworks.core.policy import Patience

Auth = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "none"]


class Timeouts(Struct, frozen=True, kw_only=True):
    """Time-outs that the config gives for one provider, in seconds; None leaves it to the latency pattern."""

    connect_s: float | None = None
    first_byte_s: float | None = None
    idle_s: float | None = None
    total_s: float | None = None

    def over(self, usual: Patience) -> Patience:
        """`usual`, with what is given here in its place."""
        if self == _AS_USUAL:
            return usual
        return Patience(
            connect_s=usual.connect_s if self.connect_s is None else self.connect_s,
            first_byte_s=usual.first_byte_s if self.first_byte_s is None else self.first_byte_s,
            idle_s=usual.idle_s if self.idle_s is None else self.idle_s,
            total_s=usual.total_s if self.total_s is None else self.total_s,
            deadline_s=usual.deadline_s,
        )


_AS_USUAL = Timeouts()


class Link(Struct, frozen=True, kw_only=True):
    """One provider of the config.

    Attributes:
        name: Its name in the config.
        dialect: `openai`, `anthropic` or `gemini`.
        base_url: Without trailing slash; dialect paths are appended to it.
        keys: API keys, used in turn; empty with auth `none`.
        auth: The header that carries the key; `bearer` is `Authorization: Bearer`.
        headers: Further headers sent on every call.
        capabilities: What may be asked of it: kinds (`chat`, `completion`, `embedding`, `count`); `stream_usage` when
            it takes `stream_options.include_usage`; `max_completion_tokens` when it wants that name for `max_tokens`;
            `prefill` when its models go on with a final assistant turn; `cache_control` and `prompt_cache_key` when it
            is told by them what to keep of a prompt.
        price_id: The provider's id in the price library; None when it has none.
        catalog: Row of the catalog it comes from; None for one described in the config alone.
        timeouts: How long to wait, where this provider differs from the latency pattern.
        most_calls: Calls at once at most; the limit adapts below it.
    """

    name: str
    dialect: str
    base_url: str
    keys: tuple[str, ...] = ()
    auth: Auth = "bearer"
    headers: dict[str, str] = {}
    capabilities: frozenset[str] = frozenset({"chat", "completion", "embedding", "stream_usage"})
    price_id: str | None = None
    catalog: str | None = None
    timeouts: Timeouts = Timeouts()
    most_calls: int = 4096
