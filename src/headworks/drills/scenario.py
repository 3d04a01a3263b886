"""A scenario: what goes wrong and when, what is asked meanwhile, and what must come of it. Plain data, from YAML.

Every key is checked; what is left out has the value that a reader would expect.
"""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from headworks.config import Config
from headworks.drills.expect import Expect
from headworks.testing import SHIPPED, Recipe

Client = Literal["openai", "anthropic"]
HOME, SPARE = "home", "spare"
"""Roles: the providers that serve the models under load, and those of their fallbacks."""

TEXTS = tuple((Path(__file__).parent / "texts.txt").read_text(encoding="utf-8").splitlines())
"""What users say where a scenario does not tell: some sixty words each, of several scripts, with emoji.

Fakes answer with the words of the question. A text that repeated itself would make answers of which nobody can say
whether a model goes on or says its last words again.
"""
_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=True)


def _recipe(value: Any) -> Recipe:
    """A recipe from its name or its fields; numbers may be written as text, as every scalar of a file is."""
    if isinstance(value, Recipe):
        return value
    if isinstance(value, str):
        if value in SHIPPED:
            return SHIPPED[value]
        raise _no_recipe("no recipe has this name; `GET /fake/recipes` of a fake provider lists them", value, SHIPPED)
    try:
        return msgspec.convert(value, Recipe, strict=False)
    except msgspec.ValidationError as error:
        unknown = set(value) - set(Recipe.__struct_fields__) if isinstance(value, dict) else set()
        raise _no_recipe(f"this is no recipe: {error}", next(iter(unknown), ""), Recipe.__struct_fields__) from error


def _no_recipe(sentence: str, name: str, known: Any) -> PydanticCustomError:
    close = get_close_matches(name, known, n=1)
    # The kind under which complaints carry a suggestion. Braces are the message's own syntax.
    escaped = sentence.replace("{", "{{").replace("}", "}}")
    return PydanticCustomError("unknown_row", escaped, {"suggestion": close[0] if close else None})


RecipeField = Annotated[Recipe, PlainValidator(_recipe)]


class Event(BaseModel):
    """Something that happens to providers at a moment of the drill."""

    model_config = _SETTINGS

    at_s: float = Field(default=0.0, ge=0)
    """Seconds from the first call; what happens at 0 has happened before it."""

    provider: str = HOME
    """Whom it happens to: `home`, `spare`, or a provider's name in the config (`*` stands for anything)."""

    recipes: tuple[RecipeField, ...] | None = None
    """How they answer from now on; `[]` answers well."""

    share: float | None = Field(default=None, gt=0, le=1)
    """This share of their calls gets one of the recipes, each as likely as the others."""

    key: int | None = Field(default=None, ge=1)
    """The recipes are only for calls with the provider's key of this number."""

    down: bool = False
    """They refuse connections from now on."""

    up: bool = False
    """They listen again, and answer well."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if [self.recipes is not None, self.down, self.up].count(True) != 1:
            raise ValueError("an event has `recipes`, `down: true` or `up: true`, and only one of them")
        if self.recipes is None and (self.share is not None or self.key is not None):
            raise ValueError("`share` and `key` go with `recipes`")
        return self

    @property
    def harms(self) -> bool:
        """True when it begins trouble, False when it ends it."""
        return self.down or bool(self.recipes)


class Load(BaseModel):
    """What is asked. Calls take each client, each of `stream`, each model and each text in turn."""

    model_config = _SETTINGS

    calls: int = Field(default=8, ge=1, le=1_000_000)
    """How many calls."""

    rate_per_s: float | None = Field(default=None, gt=0)
    """Calls begin at this rate, however long the ones before take; 10 when `concurrency` is not given either."""

    concurrency: int | None = Field(default=None, ge=1)
    """So many calls at a time instead, each begun when another has ended."""

    models: tuple[str, ...] = ()
    """Models to ask for. Left out: those of the config whose fallbacks are at other providers."""

    feature: str | None = None
    """The feature that the calls name."""

    clients: tuple[Client, ...] = Field(default=("openai", "anthropic"), min_length=1)
    """How clients speak."""

    stream: tuple[bool, ...] = Field(default=(True, False), min_length=1)
    """Whether they want streams."""

    max_tokens: int = Field(default=200, ge=1)
    """The token limit of each call; more than the answer has, so that it ends by itself."""

    texts: tuple[str, ...] = Field(default=TEXTS, min_length=1)
    """What users say; each is given a number, so that every answer is another."""

    deadline_ms: int | None = Field(default=None, ge=1)
    """The deadline that clients send along."""

    patience_s: float = Field(default=90.0, gt=0, le=3600)
    """How long a client waits for the whole answer; a call that takes longer hangs."""

    @model_validator(mode="after")
    def _one_pace(self) -> Self:
        if self.rate_per_s is not None and self.concurrency is not None:
            raise ValueError("write `rate_per_s` or `concurrency`, not both")
        return self


class Scenario(BaseModel):
    """A whole scenario."""

    model_config = _SETTINGS

    name: str = Field(default="", pattern=r"^[a-z0-9][a-z0-9-]*$|^$")
    """How it is called. Left out: the file's name."""

    title: str = Field(min_length=1)
    """What happens, in a sentence."""

    long: bool = False
    """It takes minutes: `all` leaves it out."""

    config: Config | None = None
    """The gateway's config, here or as the path of a file. Left out: two providers with one fallback, and defaults."""

    answer: RecipeField = Recipe(tokens=60)
    """How every provider answers when nothing is wrong; recipes that do not say otherwise answer so, too."""

    timeline: tuple[Event, ...] = ()
    """What happens when."""

    load: Load = Load()
    """What is asked."""

    expect: Expect = Expect()
    """What must come of it."""
