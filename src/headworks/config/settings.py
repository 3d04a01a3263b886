"""The whole config: every room's settings, gathered under the keys of the file."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from headworks.budgets.config import BudgetSettings, FeatureLimits
from headworks.cache.config import CacheSettings, RoomSettings
from headworks.flags.config import FlagSettings
from headworks.flags.ladder.config import DegradeSettings
from headworks.prompts.config import PromptSettings
from headworks.providers.config import ProviderSettings
from headworks.routing.config import FeatureSettings, ModelSettings
from headworks.routing.router import DEFAULT
from headworks.server.config import ServerSettings
from headworks.storage.link.url import check_url
from headworks.telemetry.alerts.config import AlertSettings
from headworks.telemetry.config import TelemetrySettings

AUTO = "auto"
FEATURE_PREFIX = "feature/"
_SIMPLE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_NAME = re.compile(r"[A-Za-z0-9@][A-Za-z0-9@._:/+-]{0,199}")


def _simple_name(name: str) -> str:
    if not _SIMPLE_NAME.fullmatch(name):
        raise ValueError("a name has letters, digits, dots, dashes and underscores, and begins with a letter or digit")
    return name


def _model_name(name: str) -> str:
    if name == AUTO or name.startswith(FEATURE_PREFIX):
        raise ValueError("`auto` and names that begin with `feature/` have a meaning of their own")
    if not _MODEL_NAME.fullmatch(name):
        raise ValueError("a model name has letters, digits and any of . _ - : / + @")
    return name


SimpleName = Annotated[str, AfterValidator(_simple_name)]
ModelName = Annotated[str, AfterValidator(_model_name)]


def _redis_url(url: SecretStr) -> SecretStr:
    check_url(url.get_secret_value())
    return url


RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]


class Feature(FeatureSettings, FeatureLimits, DegradeSettings):
    """A feature of your application. `default` serves the requests that name none."""

    flag: str | None = Field(default=None, min_length=1, max_length=200)
    """A boolean flag that says for whom the feature is on. Where it is not known, it is on."""

    prompt: str | None = Field(default=None, min_length=1, max_length=200)
    """The prompt for calls that send `variables`: `name` (its label `production`), `name@label` or `name@7`."""

    cache: CacheSettings = CacheSettings()
    """What is kept of its answers."""


class Config(BaseModel):
    """A whole config. Values are final: secrets are filled in, paths are absolute or relative to the process."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    server: ServerSettings = ServerSettings()
    """The HTTP server."""

    data_dir: Path = Path("headworks-data")
    """Folder of databases and spool. A relative one begins at the folder of this file."""

    store: Literal["sqlite"] = "sqlite"
    """Where keys and traces are kept."""

    shared: RedisUrl | None = None
    """Redis or Valkey server that nodes share: `redis://host:6379/0`. Left out: this node shares nothing."""

    providers: dict[SimpleName, ProviderSettings] = Field(default_factory=dict)
    """Who answers, by the names you give."""

    models: dict[ModelName, ModelSettings] | None = None
    """The names that clients may ask for. Left out: `provider/model` reaches any model of the providers above."""

    features: dict[SimpleName, Feature] = Field(default_factory=dict)
    """The features of your application."""

    cache: RoomSettings = RoomSettings()
    """Room for cached answers."""

    prompts: PromptSettings = PromptSettings()
    """Who may be moved where."""

    flags: FlagSettings = FlagSettings()
    """Flags: which variant of something a call gets."""

    budgets: BudgetSettings = BudgetSettings()
    """What may be spent, and how fast."""

    telemetry: TelemetrySettings = TelemetrySettings()
    """Traces, logs and metrics."""

    alerts: AlertSettings = AlertSettings()
    """Who is told what is wrong, and when something is."""

    game_day: bool = False
    """Allow `headworks drill game-day` to inject faults into this gateway. For staging."""

    @model_validator(mode="before")
    @classmethod
    def _empty_sections(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A section whose lines are all commented out counts as left out."""
        return {key: value for key, value in values.items() if value is not None or key not in cls.model_fields}

    @property
    def served_features(self) -> set[str]:
        """The features that calls can belong to: those of the file, and the one of calls that name none."""
        return {*self.features, DEFAULT}

    def public(self) -> dict[str, Any]:
        """The config as plain JSON values with every secret masked, for people to read."""
        shown: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        return shown


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    described: dict[str, Any] = Config.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": "headworks.yaml"}
