"""Settings of the alerts: key `alerts` of the config. No error text repeats a value: it may be a secret."""

import re
from datetime import time
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from headworks.core.people.alerting import Severity

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SHORTEST_SECRET = 16


def _web_address(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("should be a web address such as https://host/path, without a password in it")
    return url


def _apprise_url(url: SecretStr) -> SecretStr:
    if not re.match(r"[a-z0-9]+://\S", url.get_secret_value()):
        raise ValueError("should be an address as apprise writes it, such as mailtos://user:password@host")
    return url


def _signing_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(f"should have at least {_SHORTEST_SECRET} characters")
    return secret


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(
            "is no time zone known here, such as Europe/Berlin; where the system has none, install headworks[alerts]"
        ) from error
    return name


def _time_of_day(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError("should be a time of day such as 22:00")
    return text


def _runbook_url(url: str) -> str:
    if not url.startswith(("http://", "https://")) or re.search(r"[{}]", url.replace("{kind}", "")):
        raise ValueError("should be a web address in which `{kind}` stands for the kind of the alert")
    return url


WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
AppriseUrl = Annotated[SecretStr, AfterValidator(_apprise_url)]
SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
RunbookUrl = Annotated[str, AfterValidator(_runbook_url)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ChannelSettings(BaseModel):
    """Who is told. Exactly one of `slack_url`, `webhook_url` and `apprise_urls`."""

    model_config = _SETTINGS

    slack_url: WebAddress | None = None
    """A Slack incoming webhook."""
    webhook_url: WebAddress | None = None
    """An address of your own that takes JSON by POST."""
    webhook_secret: SigningSecret | None = None
    """Signs what is sent to `webhook_url`."""
    apprise_urls: tuple[AppriseUrl, ...] = ()
    """E-mail, PagerDuty, Teams and more, as apprise writes them. Needs the extra `alerts`."""
    min_severity: Severity = "info"
    """What is less severe is not told here."""
    kinds: tuple[str, ...] = ()
    """Only alerts of these kinds; `*` stands for anything. Empty: all."""
    timeout_s: float = Field(default=10.0, gt=0, le=120, allow_inf_nan=False)
    """Seconds that the other side has to answer."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [self.slack_url is not None, self.webhook_url is not None, bool(self.apprise_urls)]
        if sum(given) != 1:
            raise ValueError("a channel has exactly one of `slack_url`, `webhook_url` and `apprise_urls`")
        if self.webhook_secret is not None and self.webhook_url is None:
            raise ValueError("`webhook_secret` goes with `webhook_url`")
        return self

    def secrets(self) -> list[str]:
        """What must not be in any log."""
        given = (self.slack_url, self.webhook_url, self.webhook_secret, *self.apprise_urls)
        found = [secret.get_secret_value() for secret in given if secret is not None]
        paths = (urlsplit(url.get_secret_value()).path for url in (self.slack_url, self.webhook_url) if url is not None)
        return [*found, *(path for path in paths if len(path) >= _SHORTEST_SECRET)]


class QuietHours(BaseModel):
    """When only what is critical goes out. The rest is told in one message when they end."""

    model_config = _SETTINGS

    start: TimeOfDay
    """Time of day in `time_zone`."""
    end: TimeOfDay
    """Time of day; earlier than `start` when the night is meant."""

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("`start` and `end` are the same; leave `quiet_hours` out, or let some time pass between")
        return self

    def span(self) -> tuple[time, time]:
        """Both times."""
        return time.fromisoformat(self.start), time.fromisoformat(self.end)


class LimitSettings(BaseModel):
    """What a feature promises. More than that is an alert."""

    model_config = _SETTINGS

    error_rate: Share | None = None
    """Largest share of calls that fail."""
    p95_latency_ms: Positive | None = None
    """Milliseconds in which 95 of 100 answers are whole."""
    p95_ttft_ms: Positive | None = None
    """Milliseconds in which 95 of 100 answers begin."""


class SpendSettings(BaseModel):
    """When spending is out of the ordinary."""

    model_config = _SETTINGS

    day_factor: float = Field(default=2.0, gt=1, allow_inf_nan=False)
    """A day that costs at least so many times the day before."""
    day_min_usd: Positive = 10.0
    """A cheaper day is never told of."""
    weeks: int = Field(default=4, ge=2, le=8)
    """Weeks that say what the hour of a week usually costs."""
    score: Positive = 5.0
    """How many usual deviations above the usual an hour must be."""
    hour_min_usd: Positive = 5.0
    """An hour must be so many dollars above the usual at least."""


class AlertSettings(BaseModel):
    """Who is told what is wrong, and when something is."""

    model_config = _SETTINGS

    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    """Who is told, by names of your own."""
    group_s: float = Field(default=60.0, ge=0, le=3_600, allow_inf_nan=False)
    """What comes within so many seconds goes out as one message."""
    repeat_after_h: Positive = 24.0
    """Hours after which something that is still wrong is told again."""
    time_zone: TimeZone = "UTC"
    """For quiet hours, and for times in messages."""
    quiet_hours: QuietHours | None = None
    """When only what is critical goes out."""
    runbook_url: RunbookUrl | None = None
    """Link to what to do; `{kind}` stands for the kind of the alert."""
    limits: dict[str, LimitSettings] = Field(default_factory=dict)
    """What features promise, by their names."""
    cache_target: dict[str, Share] = Field(default_factory=dict)
    """Share of calls that the cache should answer, by feature; 0.3 suits chat and FAQ."""
    window_m: float = Field(default=15.0, ge=1, le=1_440, allow_inf_nan=False)
    """Minutes over which `limits` and `cache_target` are judged."""
    min_calls: int = Field(default=20, ge=1)
    """With fewer calls in that time nothing is judged."""
    spend: SpendSettings = SpendSettings()
    """When spending is out of the ordinary."""

    def secrets(self) -> list[str]:
        """What must not be in any log."""
        return [secret for channel in self.channels.values() for secret in channel.secrets()]
