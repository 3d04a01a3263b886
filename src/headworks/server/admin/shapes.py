"""The shapes of the admin API, as the OpenAPI document shows them and as requests are checked against."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from headworks.budgets.config import BudgetAmounts, PaceAmounts, shown
from headworks.core.clock import rfc3339
from headworks.identity.records import ALLOWED_NAMES, NAME_CHARACTERS, AuditEntry, KeyRecord, KeySpec
from headworks.identity.ring import OVERLAP_S

LAST_MOMENT_S = 253_402_300_799.0
"""The end of the year 9999, the last that RFC 3339 can write."""


def seconds(moment: float | str | None) -> float | None:
    """A moment as Unix seconds, given as such or as RFC 3339 text with its offset (`2026-11-23T10:00:00Z`).

    Raises:
        ValueError: It is neither, or outside the years 1970 to 9999.
    """
    if moment is None:
        return None
    found = _from_text(moment) if isinstance(moment, str) else moment
    if not 0 <= found <= LAST_MOMENT_S:
        raise ValueError("must lie in the years 1970 to 9999; a number is taken as seconds, not milliseconds")
    return found


def _from_text(text: str) -> float:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be RFC 3339 text such as 2026-11-23T10:00:00Z, or Unix seconds") from None
    if when.tzinfo is None:
        raise ValueError("needs an offset from UTC, such as the Z in 2026-11-23T10:00:00Z")
    return when.timestamp()


Moment = Annotated[float | str | None, AfterValidator(seconds)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Names = Annotated[list[Name], Field(max_length=ALLOWED_NAMES)]


class Asked(BaseModel):
    """Base of what clients send: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class NewReplay(Asked):
    """How a recorded call is to be made again."""

    model: str | None = Field(default=None, max_length=200)
    """With this model. Left out: with the one that answered."""
    prompt: str | None = Field(default=None, max_length=200)
    """With this version of a prompt (`name@7`). Left out: with the one of then."""


class NewKey(Asked):
    """A virtual key to be made."""

    name: Name
    """For people; need not be unique."""
    org: Name = "default"
    """The organisation its calls are counted for."""
    user: Name | None = None
    """The user its calls are counted for unless a request names one."""
    team: Name | None = None
    """The team its calls are counted for."""
    models: Names = []
    """Model names it may ask for; empty for all."""
    features: Names = []
    """Features it may ask for; empty for all."""
    expires_at: Moment = None
    """When it stops working: RFC 3339 text or Unix seconds."""
    budget: BudgetAmounts = BudgetAmounts()
    """What may be spent with it, in dollars and tokens. A key that replaces it goes on from there."""
    limits: PaceAmounts = PaceAmounts()
    """How fast its calls may come."""

    def spec(self) -> KeySpec:
        """What the key ring is asked for."""
        return KeySpec(
            name=self.name,
            org=self.org,
            user=self.user,
            team=self.team,
            models=tuple(self.models),
            features=tuple(self.features),
            expires_at=seconds(self.expires_at),
            limits=(*self.budget.limits(), *self.limits.limits()),
        )


class Rotation(Asked):
    """How a key is to be replaced."""

    overlap_s: float = Field(default=0.0, ge=0, le=OVERLAP_S, allow_inf_nan=False)
    """Seconds that the old key goes on working."""


class KeyQuery(BaseModel):
    """Which keys to list."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    limit: int = Field(default=100, ge=1, le=1000)
    """At most so many."""
    cursor: str | None = Field(default=None, max_length=200)
    """`next` of the page before."""


class TraceQuery(BaseModel):
    """Which traces to list."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    limit: int = Field(default=100, ge=1, le=1000)
    """At most so many."""
    feature: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    model: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    user: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    org: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    status: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    since: str | None = Field(default=None, max_length=NAME_CHARACTERS)
    """Only calls that began then or later: RFC 3339 text, Unix seconds, or an age such as `24h`."""
    cursor: str | None = Field(default=None, max_length=1000)
    """`next` of the page before."""


class CreatedKeyView(BaseModel):
    """A key just made. `key` is shown this once."""

    id: str
    key: str


class AuditView(BaseModel):
    """Something done to a key."""

    at: str
    actor: str
    action: str
    detail: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditView":
        """The view of an entry."""
        return cls(at=rfc3339(entry.at), actor=entry.actor, action=entry.action, detail=entry.detail)


class KeyView(BaseModel):
    """A virtual key, without its secret. Times are RFC 3339, null where there is none."""

    id: str
    name: str
    org: str
    user: str | None
    team: str | None
    models: list[str]
    features: list[str]
    status: Literal["active", "replaced", "expired", "revoked"]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    replaced_by: str | None
    overlap_until: str | None
    budget: dict[str, str | int]
    limits: dict[str, int]

    @staticmethod
    def of(record: KeyRecord, now_s: float) -> "KeyView":
        """The view of a record as it is at `now_s`."""
        spec = record.spec
        budget, limits = shown(spec.limits)
        return KeyView(
            id=record.id,
            name=spec.name,
            org=spec.org,
            user=spec.user,
            team=spec.team,
            models=list(spec.models),
            features=list(spec.features),
            status=record.status(now_s),
            created_at=rfc3339(record.created_at),
            expires_at=_text(spec.expires_at),
            revoked_at=_text(record.revoked_at),
            replaced_by=record.replaced_by,
            overlap_until=_text(record.overlap_until),
            budget=budget,
            limits=limits,
        )


class KeyDetail(KeyView):
    """A virtual key, and what was done to it, oldest first."""

    history: list[AuditView]


class KeyPage(BaseModel):
    """Keys, newest first."""

    data: list[KeyView]
    next: str | None


class TracePage(BaseModel):
    """Traces, newest first."""

    data: list[dict[str, Any]]
    next: str | None


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorView(BaseModel):
    """Every error of this API."""

    error: ErrorDetail


def _text(moment: float | None) -> str | None:
    return None if moment is None else rfc3339(moment)
