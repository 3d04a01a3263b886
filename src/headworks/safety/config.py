"""Settings of the safety filters of a feature, in short forms (`pii: redact`) and in full ones."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from headworks.core.people.patterns import compiled
from headworks.safety.pii.finder import KINDS
from headworks.safety.verdicts import Action

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
T = TypeVar("T")


def _short(value: Any) -> Any:
    """`block` stands for `{action: block}`, `off` for `allow`, a list for `{list: [...]}`. YAML's `off` is false."""
    if value is False or value == "off":
        return {"action": "allow"}
    if isinstance(value, str):
        return {"action": value}
    return {"list": value} if isinstance(value, list) else value


Short = Annotated[T, BeforeValidator(_short)]


def _pattern(pattern: str) -> str:
    compiled(pattern)
    return pattern


Re2 = Annotated[str, AfterValidator(_pattern)]


class CheckSettings(BaseModel):
    """One check."""

    model_config = _SETTINGS

    action: Action
    """`block` refuses, `redact` covers what was found, `replace` puts other words there, `flag` notes it on the record,
    `allow` does not look."""

    shadow: bool = False
    """Only count what would be done."""

    on_error: Literal["closed", "open"] = "closed"
    """What happens when the check cannot be made: refuse, or go on."""

    replacement: str = "[removed]"
    """What `replace` puts."""


class ScoredSettings(CheckSettings):
    """A check that is more or less sure."""

    threshold: float | None = Field(default=None, gt=0, lt=1)
    """From which score on it counts. Left out: what the detector's training fixed."""


class BothSettings(CheckSettings):
    """A check on both sides."""

    answer: Action | None = None
    """Another action for answers."""


class PersonalSettings(BothSettings):
    """Personal data."""

    kinds: tuple[str, ...] = ()
    """Kinds to look for. Left out: all."""

    also: tuple[str, ...] = ()
    """Finders outside that asks are shown to, by their connected names: for people and places."""

    also_deadline_s: float = Field(default=2.0, gt=0, le=60)
    """How long each of them may take for an ask."""

    @model_validator(mode="after")
    def _known(self) -> "PersonalSettings":
        unknown = sorted(set(self.kinds) - KINDS)
        if unknown:
            raise ValueError(f"`{unknown[0]}` is no kind of personal data; there are {', '.join(sorted(KINDS))}")
        return self


class WordSettings(BothSettings):
    """Words and phrases that must not stand there."""

    action: Action = "block"
    """What is done."""

    list: tuple[str, ...] = ()
    """Whole words or phrases, in any case."""


class TopicSettings(BothSettings):
    """Topics, each known by its words."""

    action: Action = "block"
    """What is done."""

    topics: dict[str, tuple[str, ...]]
    """Words and phrases by the name of the topic."""


class PatternSettings(BothSettings):
    """A pattern of your own."""

    action: Action = "block"
    """What is done."""

    pattern: Re2
    """In RE2's syntax: no back references, no look-around."""

    max_characters: int = Field(default=100, ge=1, le=4_000)
    """Longest match that is found whole in a stream, which is held back so far."""


class LeakSettings(CheckSettings):
    """The system prompt in answers."""

    words: int = Field(default=15, ge=6, le=200)
    """So many of its words in a row are a leak."""

    canary: str = Field(default="", max_length=200)
    """Text of the system prompt that must not be said at all."""


class LinkSettings(CheckSettings):
    """Pictures and links in answers."""

    allow_hosts: tuple[str, ...] = ()
    """Hosts from which pictures may come, with their subdomains."""

    only_allowed: bool = False
    """Links must lead to these hosts, too."""


class SizeSettings(BaseModel):
    """How long an ask may be."""

    model_config = _SETTINGS

    max_characters: int = Field(ge=1)
    """Characters of all its texts together."""


class OutsideSettings(CheckSettings):
    """A classifier outside: a moderation endpoint or a judge model."""

    action: Literal["flag", "block", "allow"] = "block"
    """What is done."""

    side: Literal["ask", "answer", "both"] = "both"
    """Where it looks."""

    threshold: float = Field(default=0.5, gt=0, le=1)
    """From which score on it counts."""

    deadline_s: float = Field(default=2.0, gt=0, le=60)
    """How long an opinion may take."""

    window_characters: int = Field(default=1_000, ge=50, le=20_000)
    """Characters of an answer that are judged at once; a stream is held back so far."""


STANDARD: dict[str, Any] = {
    "injection": "block", "retrieved": "flag", "pii": {"action": "redact", "answer": "flag"}, "secrets": "redact",
    "encoding": "flag", "leakage": "flag", "links": "redact", "size": {"max_characters": 2_000_000},
}  # fmt: skip


class SafetySettings(BaseModel):
    """What is checked before and after the model. Left out: nothing. `standard` stands for a set of usual checks."""

    model_config = _SETTINGS

    injection: Short[ScoredSettings] | None = None
    """Prompt injections and jailbreaks in what users write."""

    retrieved: Short[ScoredSettings] | None = None
    """Instructions in results of tools and in documents."""

    pii: Short[PersonalSettings] | None = None
    """Personal data. `redact` sends tokens to the model and puts the values back into the answer."""

    secrets: Short[BothSettings] | None = None
    """Keys, tokens, passwords, private keys."""

    words: Short[WordSettings] | None = None
    """Words that neither users nor answers may use."""

    topics: Short[TopicSettings] | None = None
    """Topics that are not for this feature."""

    toxicity: Short[WordSettings] | None = None
    """Coarse language and threats in answers. Without a list of its own: a short one of the gateway's."""

    patterns: dict[str, PatternSettings] = Field(default_factory=dict)
    """Patterns of your own, by name."""

    encoding: Short[CheckSettings] | None = None
    """Hidden signs, look-alike letters, packed text."""

    size: SizeSettings | None = None
    """How long an ask may be."""

    leakage: Short[LeakSettings] | None = None
    """The system prompt in answers."""

    links: Short[LinkSettings] | None = None
    """Pictures that carry data away, unsafe links, in answers."""

    outside: dict[str, OutsideSettings] = Field(default_factory=dict)
    """Classifiers outside, by the name under which they are connected."""

    allow: tuple[str, ...] = ()
    """Texts that are never found, in any case: your own support address, a product that sounds like an insult."""

    allow_patterns: tuple[Re2, ...] = ()
    """The same as RE2 patterns, for the whole of a find."""

    shadow: bool = False
    """Every check only counts."""

    @model_validator(mode="before")
    @classmethod
    def _standard(cls, value: Any) -> Any:
        """`standard` and `on` stand for the usual checks, `off` for none."""
        if value in ("standard", "on", True):
            return dict(STANDARD)
        return {} if value in ("off", False) else value
