"""How a feature wants its answers kept: plain values, made from the config and carried by the `Route`.

The cache room acts on them (`headworks/cache`).
"""

from typing import Literal

from msgspec import Struct

Scope = Literal["tenant", "user", "public"]


class Caching(Struct, frozen=True, kw_only=True):
    """What a feature wants of the cache.

    Attributes:
        exact: Answer a call that was asked before, to the letter of its canonical form. None: only where the call says
            `x-headworks-cache: on`.
        joined: Calls that are equal and under way share one provider call.
        max_error: Serve the answer of a question that means the same, as long as at most this share of all answers is
            wrong; None for never.
        scope: Who shares answers: the organisation (`tenant`), one end user, or everybody.
        ttl_s: Seconds for which an answer is kept.
        max_temperature: A call that asks for more is not cached.
        pure_tools: Tools without effects: a call that offers any other is not cached. `*` stands for all.
        prefix: Place marks for the provider's own prefix cache where they pay.
        shadow: Share of semantic hits that are also sent to the model, to measure how many are wrong.
        strict: Serve nothing by meaning while the measured error may be over `max_error`; else serve less of it, and
            nothing once it surely is.
        judge: Model of the config that is asked whether two answers say the same, where rules cannot tell.
    """

    exact: bool | None = None
    joined: bool = True
    max_error: float | None = None
    scope: Scope = "tenant"
    ttl_s: float = 86_400.0
    max_temperature: float = 1.0
    pure_tools: frozenset[str] = frozenset()
    prefix: bool = True
    shadow: float = 0.02
    judge: str | None = None
    strict: bool = True


ON_REQUEST = Caching()
"""Of a feature that says nothing: a call may ask to be cached by its header."""
