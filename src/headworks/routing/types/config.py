"""Settings of query types: who tells them apart, types of your own, and which model a feature takes for which."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from headworks.routing.types.deciding import ABSTAIN_BELOW, Deciding
from headworks.routing.types.nearest import Labelled
from headworks.routing.types.rules import LONG_TOKENS, Rules
from headworks.routing.types.tag import STRENGTH, TYPES

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TypeSettings(BaseModel):
    """A query type of your own."""

    model_config = _SETTINGS

    examples: tuple[str, ...] = Field(default=(), max_length=500)
    """Requests of this type; five and more. A request that is much like them is of this type. Left out: only
    `headworks routing train` makes it known."""

    strength: int = Field(default=1, ge=0, le=10)
    """Where a request may be of either type, the one with the greater number is taken. Built in: `simple` 0,
    `multimodal` 1, `long` 2, `code` 3, `reasoning` 4."""

    about: str = Field(default="", max_length=300)
    """A sentence on what it is, for `classifier: model`."""


class RoutingSettings(BaseModel):
    """How requests are told apart, for the features that have `models` or `quality`."""

    model_config = _SETTINGS

    classifier: Literal["built-in", "model", "traces"] = "built-in"
    """Who says the type where rules do not: the built-in one, a model, or the nearest labelled requests."""

    model: str | None = Field(default=None, min_length=1)
    """The model that is asked, for `classifier: model`."""

    patience_ms: int = Field(default=500, ge=10, le=10_000)
    """Milliseconds that this model has; then the built-in one decides."""

    traces: Path | None = None
    """Labelled requests, JSON Lines of `text` and `type`, for `classifier: traces`."""

    weights: Path | None = None
    """What `headworks routing train` wrote. Left out: the weights that are shipped."""

    quality: Path | None = None
    """What `headworks routing train --outcomes` wrote, for features with `quality`."""

    types: dict[str, TypeSettings] = {}
    """Query types of your own, besides the five built in, by name."""

    abstain_below: float = Field(default=ABSTAIN_BELOW, ge=0, le=1)
    """Confidence under which the stronger of the likely types is taken."""

    long_tokens: int = Field(default=LONG_TOKENS, ge=100)
    """Tokens from which a prompt is `long`, whatever it says."""

    with_tools: str | None = None
    """The type of requests that offer tools. Left out: tools say nothing."""

    @field_validator("types")
    @classmethod
    def _named_well(cls, types: dict[str, TypeSettings]) -> dict[str, TypeSettings]:
        for name, settings in types.items():
            if name not in TYPES and not _good_name(name):
                raise ValueError(f"`{name}` is no name for a query type: small letters, digits, `-` and `_`")
            if 0 < len(settings.examples) < 5:
                raise ValueError(f"the query type `{name}` needs five examples at least, or none")
        return types

    @model_validator(mode="after")
    def _whole(self) -> "RoutingSettings":
        if self.classifier == "model" and self.model is None:
            raise ValueError("`classifier: model` needs `model`, the name of the model that is asked")
        if self.classifier == "traces" and self.traces is None:
            raise ValueError("`classifier: traces` needs `traces`, the file of labelled requests")
        if self.with_tools is not None and self.with_tools not in self.known_types():
            raise ValueError(
                f"`with_tools: {self.with_tools}` is no query type; there are {_listed(self.known_types())}"
            )
        return self

    def known_types(self) -> tuple[str, ...]:
        """All query types, the built-in ones first."""
        return (*TYPES, *(name for name in self.types if name not in TYPES))

    def deciding(self) -> Deciding:
        """The same for the tagger."""
        strength = {**STRENGTH, **{name: settings.strength for name, settings in self.types.items()}}
        rules = Rules(long_tokens=self.long_tokens, with_tools=self.with_tools)
        return Deciding(rules=rules, abstain_below=self.abstain_below, strength=strength)

    def examples(self) -> list[Labelled]:
        """The examples of all types of your own."""
        return [Labelled(text, name) for name, settings in self.types.items() for text in settings.examples]


class FeatureRouting(BaseModel):
    """Which model answers which requests of a feature. Mix it into the settings of features."""

    model_config = _SETTINGS

    models: dict[str, str] = {}
    """A model for each query type. Types that are left out go to `model`."""

    quality: float | None = Field(default=None, ge=0, le=1)
    """Take the cheapest of these models whose chance of a good answer is at least this. Needs `routing.quality`."""


def _good_name(name: str) -> bool:
    return 0 < len(name) <= 40 and name[0].isalpha() and all(c.islower() or c.isdigit() or c in "-_" for c in name)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
