"""An experiment as the admin API and `--json` show it: JSON-ready, every name present, times as text."""

from typing import Any

import msgspec

from headworks.core.clock import rfc3339
from headworks.core.people.board import Entry
from headworks.flags.experiments.assignment import shares
from headworks.flags.experiments.records import Experiment

_PLAIN = (
    "name",
    "feature",
    "state",
    "metric",
    "alpha",
    "min_effect",
    "planned_users",
    "salt",
    "step_s",
    "winner",
    "ended",
)


def shown(experiment: Experiment) -> dict[str, Any]:
    """The experiment. `share`: percent of the users that a variant is to get; `share_now`: at the step in force."""
    now = shares(experiment) if experiment.running else [0.0] * len(experiment.variants)
    return {
        **{name: getattr(experiment, name) for name in _PLAIN},
        "variants": [
            {
                "name": variant.name,
                "share": variant.share,
                "share_now": round(share * 100, 4),
                "release": msgspec.to_builtins(variant.release),
            }
            for variant, share in zip(experiment.variants, now, strict=True)
        ],
        "guards": msgspec.to_builtins(experiment.guards),
        "steps": list(experiment.steps),
        "step": experiment.step + 1,
        "in_force": msgspec.to_builtins(experiment.in_force),
        "found": [
            {"variant": one.variant, "verdict": one.verdict, "at": rfc3339(one.at_s)} for one in experiment.found
        ],
        "warnings": list(experiment.warnings),
        "started_at": rfc3339(experiment.started_s),
        "step_since": rfc3339(experiment.since_s),
        "ended_at": None if experiment.ended_s is None else rfc3339(experiment.ended_s),
    }


def changes(history: list[Entry]) -> list[dict[str, Any]]:
    """What was done to it, the newest first."""
    return [
        {"at": rfc3339(entry.at_s), "who": entry.who, "why": entry.why, "version": entry.version} for entry in history
    ]
