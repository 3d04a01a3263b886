"""What a scenario expects. Every field that is given is checked; three are always: no wrong, no broken, no hung answer.

An answer is *whole* when its text is right to the last character and it says that it ended by itself. A clear *error*
has a code, as an answer or within a stream. *Wrong* is what looks whole and is not; *broken* is what ends as neither; a
call *hangs* when it is not over within its deadline. What answers cost is an expectation of its own.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Percentiles(BaseModel):
    """Most that each may be."""

    model_config = _SETTINGS

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


class ByRole(BaseModel):
    """A number for the providers of the models under load (`home`) and one for those of their fallbacks (`spare`)."""

    model_config = _SETTINGS

    home: float | None = Field(default=None, ge=0)
    spare: float | None = Field(default=None, ge=0)


class Expect(BaseModel):
    """Expectations."""

    model_config = _SETTINGS

    success_share: float | None = Field(default=None, ge=0, le=1)
    """Least share of whole answers."""

    error_share: float | None = Field(default=None, ge=0, le=1)
    """Least share of clear errors, where an error is what is right."""

    error_codes: tuple[str, ...] | None = None
    """Errors have one of these codes."""

    wrong_answers: int = Field(default=0, ge=0)
    """Most answers that look whole and are not."""

    broken_answers: int = Field(default=0, ge=0)
    """Most answers that end neither whole nor with an error."""

    hangs: int = Field(default=0, ge=0)
    """Most calls that are not over within their deadline."""

    latency_s: Percentiles | None = None
    """Most seconds until the end of a whole answer."""

    added_latency_ms: Percentiles | None = None
    """Most milliseconds more than the same answer takes straight from the provider."""

    calls_per_answer: float | None = Field(default=None, gt=0)
    """Most provider calls for each whole answer, over all."""

    calls_per_ask: ByRole | None = None
    """Most provider calls for one ask, by role."""

    served_by: ByRole | None = None
    """Least share of the whole answers that this role gave."""

    attempts: int | None = Field(default=None, ge=0)
    """Most attempts that an answer may report."""

    seams: int | None = Field(default=None, ge=0)
    """Least number of streams that were resumed."""

    failover_s: float | None = Field(default=None, ge=0)
    """Most seconds from the beginning of the trouble at home until the first whole answer from elsewhere."""

    noticed_s: float | None = Field(default=None, ge=0)
    """Most seconds from there until home is called by one call at a time at most: the breaker is open, and stays so."""

    return_s: float | None = Field(default=None, ge=0)
    """Most seconds from the end of the trouble until home answers nine calls of ten again."""

    cost: Literal["right", "unchecked"] = "right"
    """Every attempt is on record, with the tokens that providers told and their price to the nano-dollar."""
