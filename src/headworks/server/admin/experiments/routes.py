"""Routes for experiments: start, look, stop, promote. On the event loop; records are read in threads."""

from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Path, Response
from pydantic import Field

from headworks.flags.experiments import Desk, Plan, Watch, changes, promoted, shown, stopped, text_of
from headworks.server.admin.shapes import Asked, Name

WHO = "admin API"
_Name = Annotated[str, Path(max_length=300)]
_Text = Annotated[str, Field(max_length=400)]
_Why = Annotated[str, Field(max_length=1_000)]


class NewExperiment(Asked):
    """An experiment to be started."""

    feature: Name
    """Whose calls are split."""
    variants: Annotated[list[_Text], Field(max_length=10)]
    """`NAME:SHARE`, or `PROMPT@VERSION:SHARE`; the first is the control. Shares add up to 100."""
    set: Annotated[list[_Text], Field(max_length=100, default_factory=list)]
    """What a variant is: `VARIANT.KEY=VALUE`, such as `new.model=haiku`."""
    metric: str = "feedback"
    """What the new variants are to be better at."""
    guards: Annotated[list[_Text], Field(max_length=10, default_factory=list)]
    """What must not get worse: `METRIC` or `METRIC:MARGIN`."""
    alpha: float = 0.05
    """How often a difference may be found where there is none."""
    min_effect: float | None = None
    """The smallest difference that matters: 0.05 is 5 points of a rate, 5 % of anything else."""
    ramp: bool = False
    """Begin with 1 % of the new variants' shares, then 5, 25, 50 and 100 %."""
    step_s: float = 600.0
    """The least time between two steps, in seconds."""
    users: int | None = None
    """Users it is planned for."""
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Of this run; made from the feature's when left out."""
    salt: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """What users are hashed with; the name of the run when left out."""
    why: _Why = ""
    """In your words."""


class Ending(Asked):
    """How an experiment is stopped."""

    why: _Why = ""
    """In your words."""
    to_config: bool = False
    """Let the config decide again, also where a variant was promoted."""


class Promotion(Asked):
    """Which variant all users get."""

    variant: _Text
    """One of the experiment's."""
    why: _Why = ""
    """In your words."""


def add_experiments(app: FastAPI, desk: Desk, watch: Watch) -> None:
    """Put the routes on `app`."""
    _add_reading(app, desk, watch)
    _add_changing(app, desk, watch)


def _add_reading(app: FastAPI, desk: Desk, watch: Watch) -> None:
    @app.get("/admin/v1/experiments", response_model=dict[str, Any])
    async def list_experiments() -> Response:
        """The last experiment of every feature."""
        return _json({"data": [shown(experiment) for experiment in desk.all()]})

    @app.get("/admin/v1/experiments/{name}", response_model=dict[str, Any])
    async def show_experiment(name: _Name) -> Response:
        """One experiment, by its name or its feature, and what was done to it."""
        experiment, _ = desk.get(name)
        return _json({**shown(experiment), "history": changes(await desk.history(name))})

    @app.get("/admin/v1/experiments/{name}/report", response_model=dict[str, Any])
    async def report_experiment(name: _Name) -> Response:
        """What came of it so far; `text` is for people."""
        report = await watch.report(name)
        return _json({**msgspec.to_builtins(report), "text": text_of(report)})


def _add_changing(app: FastAPI, desk: Desk, watch: Watch) -> None:
    @app.post("/admin/v1/experiments", status_code=201, response_model=dict[str, Any])
    async def start_experiment(body: NewExperiment) -> Response:
        """Start an experiment on a feature; `conflict` while another runs there."""
        wish = body.model_dump(exclude={"why"})
        return _json(shown(await desk.start(Plan(**wish), who=WHO, why=body.why)), 201)

    @app.post("/admin/v1/experiments/{name}/stop", response_model=dict[str, Any])
    async def stop_experiment(name: _Name, body: Ending | None = None) -> Response:
        """End an experiment: all users get what they had. `conflict` when it is over already."""
        ending = body or Ending()
        return _json(shown(await stopped(desk, watch, name, who=WHO, why=ending.why, to_config=ending.to_config)))

    @app.post("/admin/v1/experiments/{name}/promote", response_model=dict[str, Any])
    async def promote_variant(name: _Name, body: Promotion) -> Response:
        """Give all users one of the variants."""
        return _json(shown(await promoted(desk, watch, name, body.variant, who=WHO, why=body.why)))


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
