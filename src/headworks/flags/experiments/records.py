"""What an experiment is, as it hangs on the board: kind `experiment`, under the name of its feature.

One entry per feature, so that no two can run on the same one. It stays up when the experiment is over: it then says
what is in force, and what was found. Shares are percent of the users.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct, field

KIND = "experiment"
State = Literal["running", "stopped", "rolled_back", "promoted"]


class Release(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call is answered with, as far as it differs from the config.

    Attributes:
        model: A model of the config.
        prompt: `name@version`.
        parameters: Fields of the request that are set: `temperature`, `max_tokens` and the like.
        retrieval: Settings of the search: `index`, `top_k` and the like.
        safety: Name of the safety policy.
    """

    model: str | None = None
    prompt: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    retrieval: dict[str, Any] = field(default_factory=dict)
    safety: str | None = None

    def over(self, other: "Release") -> "Release":
        """This release where it says something, else `other`."""
        return Release(
            model=self.model or other.model,
            prompt=self.prompt or other.prompt,
            parameters={**other.parameters, **self.parameters},
            retrieval={**other.retrieval, **self.retrieval},
            safety=self.safety or other.safety,
        )


class Variant(Struct, frozen=True, kw_only=True):
    """One of the releases that are compared. `share`: percent of the users, once the ramp is up."""

    name: str
    share: float
    release: Release = Release()


class Guard(Struct, frozen=True, kw_only=True):
    """What must not get worse. `margin`: a share of the control's value; of rates the difference, 0.02 is 2 points."""

    metric: str
    margin: float


class Found(Struct, frozen=True, kw_only=True):
    """What was found the first time that it was certain. `verdict` as in `measure.findings`."""

    variant: str
    verdict: str
    at_s: float


class Experiment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An experiment as it stands. The first variant is the control.

    Attributes:
        feature: Whose calls are split.
        name: Of this run, unlike that of any run before: `support-bot-3`. Stands in the traces.
        run: Counts the runs of the feature, from 1.
        salt: What users are hashed with.
        variants: Two to ten; their shares add up to 100.
        metric: What the new variants are to be better at.
        guards: What must not get worse.
        alpha: How often a difference may be found where there is none.
        min_effect: The smallest difference that matters: of rates 0.05 for 5 points, else a share of the control's.
        planned_users: For so many users the intervals are narrowest.
        steps: Of the ramp, percent of the new variants' shares; (100,) is no ramp.
        step_s: The least time between two steps.
        step: Index of the step in force.
        since_s: When it came into force, Unix seconds. Each step is counted by itself.
        started_s: When the experiment began, Unix seconds.
        state: Whether users are split, and if not, why not.
        ended_s: When it was over.
        ended: Why, in a sentence.
        winner: The variant that was promoted.
        in_force: What all users get when it does not run; empty: what the config says.
        found: What was certain, by variant.
        warnings: What makes its figures doubtful.
        result: The last report, kept when it was over: the records it was made from may be gone.
    """

    feature: str
    name: str
    run: int
    salt: str
    variants: tuple[Variant, ...]
    metric: str
    started_s: float
    since_s: float
    guards: tuple[Guard, ...] = ()
    alpha: float = 0.05
    min_effect: float | None = None
    planned_users: int = 5_000
    steps: tuple[float, ...] = (100.0,)
    step_s: float = 600.0
    step: int = 0
    state: State = "running"
    ended_s: float | None = None
    ended: str = ""
    winner: str | None = None
    in_force: Release = Release()
    found: tuple[Found, ...] = ()
    warnings: tuple[str, ...] = ()
    result: dict[str, Any] | None = None

    @property
    def control(self) -> Variant:
        """What the others are compared with."""
        return self.variants[0]

    @property
    def running(self) -> bool:
        """Whether users are split."""
        return self.state == "running"

    def variant(self, name: str) -> Variant | None:
        """The variant of this name."""
        return next((one for one in self.variants if one.name == name), None)


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Experiment).decode
"""Raises msgspec.MsgspecError for what is no experiment."""
