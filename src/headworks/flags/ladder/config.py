"""Settings of a feature's ladder: `degrade` in the config, from the first thing to try to the last."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headworks.core.degrading import Rung
from headworks.core.people.patterns import matcher

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_MOST_TEXT = 10_000


def _pattern(pattern: str) -> str:
    matcher(pattern, ignore_case=True)
    return pattern


class LooseCache(BaseModel):
    """An answer that was given before, also to a question that only resembles this one."""

    model_config = _SETTINGS

    max_error: float = Field(gt=0, le=0.5)
    """Largest share of these answers that may be wrong because they answer another question."""


class Passages(BaseModel):
    """The passages of an index that fit the question best, with links."""

    model_config = _SETTINGS

    index: str = Field(min_length=1, max_length=100)
    """Which documents: an index of `headworks index`."""

    top_k: int = Field(default=3, ge=1, le=20)
    """How many."""


class RuleSettings(BaseModel):
    """An answer to questions of a pattern."""

    model_config = _SETTINGS

    match: Annotated[str, AfterValidator(_pattern)]
    """Pattern that is looked for in the last message of the user, upper or lower case."""

    answer: str = Field(min_length=1, max_length=_MOST_TEXT)
    """The answer."""


class RungSettings(BaseModel):
    """One rung: exactly one of its keys. `cache`, `search` and a bare text can stand for themselves."""

    model_config = _SETTINGS

    model: str | None = None
    """Another model of this file. Not for what was switched off as a whole."""

    cache: LooseCache | None = None
    """An answer that was given before."""

    search: Passages | None = None
    """Passages of documents, found by words."""

    rules: tuple[RuleSettings, ...] | None = Field(default=None, min_length=1, max_length=1_000)
    """Answers to patterns, the first that matches."""

    message: str | None = Field(default=None, min_length=1, max_length=_MOST_TEXT)
    """A fixed text."""

    @model_validator(mode="after")
    def _one(self) -> "RungSettings":
        if len(self.model_fields_set) != 1:
            raise ValueError("a rung has exactly one of model, cache, search, rules and message")
        return self

    def rung(self) -> Rung:
        """The same as a value."""
        if self.model is not None:
            return Rung(level="model", model=self.model)
        if "cache" in self.model_fields_set:
            return Rung(level="cache", max_error=self.cache.max_error if self.cache else None)
        if self.search is not None:
            return Rung(level="search", index=self.search.index, top_k=self.search.top_k)
        if self.rules is not None:
            return Rung(level="rule", rules=tuple((rule.match, rule.answer) for rule in self.rules))
        return Rung(level="message", text=self.message or "")


def _spelled_out(value: Any) -> Any:
    if value == "cache":
        return {"cache": None}
    if value == "search":
        return {"search": {}}  # which says what it lacks
    return {"message": value} if isinstance(value, str) else value


RungLine = Annotated[RungSettings, BeforeValidator(_spelled_out)]


class DegradeSettings(BaseModel):
    """What answers when this feature cannot."""

    model_config = _SETTINGS

    degrade: tuple[RungLine, ...] = Field(default=(), max_length=20)
    """Tried in this order when the feature is switched off, its budget is used up, its providers fail, or it takes too
    long to begin: `{model: NAME}`, `cache` or `{cache: {max_error: 0.05}}`, `{search: {index: NAME}}`,
    `{rules: [...]}`, or a text."""

    def ladder(self) -> tuple[Rung, ...]:
        """The same as values."""
        return tuple(line.rung() for line in self.degrade)
