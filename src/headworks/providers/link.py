"""Everything the providers room needs to reach one configured provider. Built from the config, never from a request."""

from typing import Literal

from msgspec import Struct

Auth = Literal["bearer", "api-key", "x-api-key", "x-goog-api-key", "none"]


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
            it takes `stream_options.include_usage`; `max_completion_tokens` when it wants that name for `max_tokens`.
        price_id: The provider's id in the price library; None when it has none.
        catalog: Row of the catalog it comes from; None for one described in the config alone.
        connect_timeout_s: Seconds to connect.
        first_byte_timeout_s: Seconds until the reply begins.
        idle_timeout_s: Seconds between two pieces of a stream.
        total_timeout_s: Seconds for the whole call.
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
    connect_timeout_s: float = 5.0
    first_byte_timeout_s: float = 120.0
    idle_timeout_s: float = 60.0
    total_timeout_s: float = 600.0
