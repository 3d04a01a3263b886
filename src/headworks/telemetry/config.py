"""Settings of the telemetry room: key `telemetry` of the config."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

_GIB = 1024**3


class RetentionSettings(BaseModel):
    """How long and how much the ledger keeps. Whichever limit is met first deletes the oldest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_age_days: int = Field(default=30, ge=1)
    """Days a trace (its bodies and feedback too) is kept."""
    max_bytes: int = Field(default=2 * _GIB, ge=16 * 1024**2)
    """Bytes of traces and captured bodies together; roll-ups are not counted."""
    hours_max_age_days: int = Field(default=35, ge=1)
    """Days that hourly roll-ups are kept."""
    rollups_max_age_days: int = Field(default=400, ge=1)
    """Days that daily and monthly roll-ups are kept."""


class OtlpSettings(BaseModel):
    """Where OpenTelemetry spans go. Off while `endpoint` is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str | None = Field(default=None, pattern=r"^https?://")
    """Full URL of an OTLP/HTTP traces receiver, path included (usually `/v1/traces`)."""
    sample_ratio: float = Field(default=1.0, ge=0.0, le=1.0)
    """Share of calls that become spans, chosen by trace id: every process chooses the same calls."""
    headers: dict[str, SecretStr] = {}
    """Headers of each export, for receivers that want a key."""


class LogSettings(BaseModel):
    """What is logged to standard error, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class TelemetrySettings(BaseModel):
    """Everything the telemetry room is told by the config."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retention: RetentionSettings = RetentionSettings()
    otlp: OtlpSettings = OtlpSettings()
    logs: LogSettings = LogSettings()
