"""Settings of models and features: the names that clients ask for, and what they stand for."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from headworks.core.messages import Prices
from headworks.routing.survival import SurvivalSettings

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_NANO_PER_TOKEN = 1_000
"""One dollar per million tokens is a thousand nano-dollars per token."""


class PriceSettings(BaseModel):
    """US dollars per million tokens. What is left out costs as `input` (the cache) or `output` (reasoning)."""

    model_config = _SETTINGS

    input: Decimal = Field(ge=0)
    """Tokens of the prompt."""

    output: Decimal = Field(ge=0)
    """Tokens of the answer."""

    cached: Decimal | None = Field(default=None, ge=0)
    """Prompt tokens read from the provider's cache."""

    cache_write_5m: Decimal | None = Field(default=None, ge=0)
    """Prompt tokens written to the provider's cache for five minutes."""

    cache_write_1h: Decimal | None = Field(default=None, ge=0)
    """Prompt tokens written to the provider's cache for an hour."""

    reasoning: Decimal | None = Field(default=None, ge=0)
    """Reasoning tokens."""

    cache_storage_hour: Decimal | None = Field(default=None, ge=0)
    """Prompt tokens that the provider keeps under a name, for each hour. Left out: as listed, if it is."""

    @field_validator("*")
    @classmethod
    def _whole_nano_dollars(cls, usd: Decimal | None) -> Decimal | None:
        if usd is not None and usd > 1_000_000:
            raise ValueError("this is dollars per million tokens: more than a million is a slip")
        if usd is not None and usd * _NANO_PER_TOKEN % 1:
            raise ValueError("a price is exact to a thousandth of a dollar per million tokens, not finer")
        return usd

    def prices(self) -> Prices:
        """The same in nano-dollars per token."""
        return Prices(
            input=int(self.input * _NANO_PER_TOKEN),
            output=int(self.output * _NANO_PER_TOKEN),
            cached=_nano(self.cached),
            cache_write_5m=_nano(self.cache_write_5m),
            cache_write_1h=_nano(self.cache_write_1h),
            reasoning=_nano(self.reasoning),
            cache_storage_hour=_nano(self.cache_storage_hour),
        )


def _nano(usd_per_mtok: Decimal | None) -> int | None:
    return None if usd_per_mtok is None else int(usd_per_mtok * _NANO_PER_TOKEN)


class ModelSettings(BaseModel):
    """A model name that clients ask for: one model of one provider, and what to try when it fails."""

    model_config = _SETTINGS

    provider: str
    """Name of a provider of this file."""

    model: str = Field(min_length=1)
    """The provider's own name of the model."""

    fallbacks: tuple[str, ...] = ()
    """Model names of this file, tried in this order; their own fallbacks follow each."""

    price_usd_per_mtok: PriceSettings | None = None
    """Your own prices. Left out: the price library's."""

    context_tokens: int | None = Field(default=None, ge=1)
    """Tokens the model can read and write in one call."""

    max_output_tokens: int | None = Field(default=None, ge=1)
    """Tokens it can write in one call."""

    expensive: bool = False
    """Only for features that say `allow_expensive`, and for keys whose `models` name it."""

    unsupported: Literal["refuse", "drop"] = "refuse"
    """For a request field that the provider's dialect lacks: answer 400, or leave it out and name it in a header."""


class FeatureSettings(SurvivalSettings):
    """A feature of your application. `default` serves the requests that name none."""

    model: str | None = None
    """The model for `feature/NAME` and `auto`. Left out: requests of this feature must name a model."""

    allow_expensive: bool = False
    """Whether its calls may be answered by models that are `expensive`."""

    capture: Literal["none", "bodies"] = "none"
    """Keep request and answer texts with the trace, or only its figures."""
