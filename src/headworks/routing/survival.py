"""Settings of how a feature's calls are kept alive: patience, retries, resuming, prompts that are too long."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from headworks.core.money import nano_from_usd
from headworks.core.policy import PATTERNS, USUAL, ContextStep, Disconnect, Patience, Policy, Resume

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_DAY_S = 86_400


class LatencySettings(BaseModel):
    """How long this feature waits. A pattern, and what differs from it. Seconds."""

    model_config = _SETTINGS

    pattern: Literal["interactive", "background", "reasoning", "batch"] | None = None
    """Left out: `reasoning` for a request that asks for reasoning, else `interactive`. Calls of `background` and
    `batch` wait for rate limits, and let others go first."""

    connect_s: float | None = Field(default=None, gt=0, le=_DAY_S)
    """Until a connection to the provider stands."""

    first_byte_s: float | None = Field(default=None, gt=0, le=_DAY_S)
    """Until a stream begins; a reply that is not streamed has as long again as its tokens need at 20 a second."""

    idle_s: float | None = Field(default=None, gt=0, le=_DAY_S)
    """Between two events of a stream."""

    total_s: float | None = Field(default=None, gt=0, le=_DAY_S)
    """For one provider call."""

    deadline_s: float | None = Field(default=None, gt=0, le=_DAY_S)
    """For the whole call, all tries together, when the client names no deadline."""

    def patience(self) -> Patience | None:
        """The same for the calls; None when all is left to the pattern that fits the request."""
        given = self.model_dump(exclude={"pattern"}, exclude_none=True)
        if self.pattern is None and not given:
            return None
        usual = PATTERNS[self.pattern or "interactive"]
        return Patience(**{name: given.get(name, getattr(usual, name)) for name in Patience.__struct_fields__})


class RetrySettings(BaseModel):
    """How much is tried for one request."""

    model_config = _SETTINGS

    per_model: int = Field(default=USUAL.retries, ge=0, le=20)
    """How often one model is asked again after a failure that may pass."""

    calls: int = Field(default=USUAL.calls, ge=1, le=100)
    """Provider calls at most, all models together."""

    usd: Decimal | None = Field(default=None, ge=0, le=1000)
    """Dollars that failed tries may have cost before no other is made. Left out: no such limit."""


class ResumeSettings(BaseModel):
    """What becomes of a stream that breaks off."""

    model_config = _SETTINGS

    mode: Resume = USUAL.resume
    """`auto`: go on from where it broke. `restart`: ask again and leave out what came. `off`: end it with an error."""

    continuation: str = Field(default=USUAL.continuation, min_length=1, max_length=2000)
    """The user turn that asks a model to go on where it can do so no other way."""


class SurvivalSettings(BaseModel):
    """What a feature wants done when a call does not go well."""

    model_config = _SETTINGS

    latency: LatencySettings = LatencySettings()
    """How long to wait."""

    retry: RetrySettings = RetrySettings()
    """How much to try."""

    resume: ResumeSettings = ResumeSettings()
    """Whether and how a stream that breaks off goes on."""

    too_long: tuple[ContextStep, ...] = USUAL.context
    """What to try, in order, when the prompt is too long for the model: `longer` asks a fallback that reads more,
    `trim` leaves out the middle of the history, `summarise` puts a summary in its place."""

    content_filter: Literal["report", "elsewhere"] = "report"
    """A refusal by a provider's content filter: report it, or ask the next model."""

    hedge: bool = USUAL.hedge
    """Start a second model when the first takes longer to begin than it usually does. Both are paid for."""

    disconnect: Disconnect = USUAL.disconnect
    """A client that leaves: cancel the answer, or finish and keep it for `GET /v1/streams/{trace_id}`."""

    def policy(self) -> Policy:
        """The same for the calls."""
        return Policy(
            patience=self.latency.patience(),
            retries=self.retry.per_model,
            calls=self.retry.calls,
            usd_nano=None if self.retry.usd is None else nano_from_usd(self.retry.usd),
            resume=self.resume.mode,
            continuation=self.resume.continuation,
            context=self.too_long,
            filtered_elsewhere=self.content_filter == "elsewhere",
            hedge=self.hedge,
            disconnect=self.disconnect,
            unhurried=self.latency.pattern in ("background", "batch"),
        )
