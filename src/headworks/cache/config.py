"""Settings of the cache: what a feature keeps, and how much room there is for it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from headworks.cache.index.config import IndexSettings
from headworks.cache.local.config import LocalSettings
from headworks.core.caching import ON_REQUEST, Caching, Scope
from headworks.embedding.config import EmbeddingSettings

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_YEAR_S = 366 * 86_400


class RoomSettings(LocalSettings):
    """Room for cached answers on this machine, and what finds them by meaning."""

    embedding: EmbeddingSettings = EmbeddingSettings()
    """How questions become vectors."""

    index: IndexSettings = IndexSettings()
    """Room for these vectors."""


class SemanticSettings(BaseModel):
    """Answers of questions that mean the same."""

    model_config = _SETTINGS

    max_error: float = Field(default=0.01, gt=0, le=0.2)
    """Largest share of this feature's answers that may be wrong because they answer another question."""

    shadow: float = Field(default=ON_REQUEST.shadow, ge=0, le=1)
    """Share of hits that are also sent to the model, to measure how many are wrong. They are paid for."""

    strict: bool = True
    """Serve nothing by meaning while the upper end of the measured error is over `max_error`. `false`: serve less then,
    and nothing once the lower end is over it."""

    judge: str | None = Field(default=None, min_length=1)
    """Model that is asked whether two answers say the same, where rules cannot tell. Left out: none is asked."""


class CacheSettings(BaseModel):
    """What this feature keeps of its answers. Left out: only what a call asks for by `x-headworks-cache: on`."""

    model_config = _SETTINGS

    exact: bool | None = None
    """Answer a call that was asked before from the cache. `off`: also when a call asks for it."""

    joined: bool = ON_REQUEST.joined
    """Let equal calls that are under way share one provider call."""

    semantic: SemanticSettings | Literal["off"] | None = None
    """Answer a question that means the same as an earlier one."""

    prefix: Literal["auto", "off"] = "auto"
    """Use the provider's own cache for the beginning of prompts: where it pays, or not at all."""

    scope: Scope = ON_REQUEST.scope
    """Who shares answers: an organisation (`tenant`), one end user (`user`), or everybody (`public`)."""

    ttl_s: float = Field(default=ON_REQUEST.ttl_s, ge=1, le=_YEAR_S)
    """Seconds for which an answer is kept."""

    max_temperature: float = Field(default=ON_REQUEST.max_temperature, ge=0, le=2)
    """A call that asks for a higher temperature wants another answer each time, and is not cached."""

    pure_tools: tuple[str, ...] = ()
    """Tools without effects. A call that offers any other tool is not cached; `*` stands for all."""

    def caching(self) -> Caching:
        """The same for the calls."""
        if not self.model_fields_set:
            return ON_REQUEST
        semantic = None if self.semantic == "off" else self.semantic
        return Caching(
            exact=True if semantic is not None and self.exact is None else self.exact,
            joined=self.joined,
            max_error=None if semantic is None else semantic.max_error,
            scope=self.scope,
            ttl_s=self.ttl_s,
            max_temperature=self.max_temperature,
            pure_tools=frozenset(self.pure_tools),
            prefix=self.prefix == "auto",
            shadow=ON_REQUEST.shadow if semantic is None else semantic.shadow,
            strict=semantic is None or semantic.strict,
            judge=None if semantic is None else semantic.judge,
        )
