"""How soon the meter stops a cache that errs too often, and how rarely one that does not: by simulation."""

import random
import statistics
from typing import Any

from headworks.cache.decision.meter import ShadowMeter

TIMES = (0.5, 0.9, 1.0, 2.0, 3.0, 5.0)
"""Error over all calls, as a multiple of what is allowed."""

CASES = ((0.005, 0.10), (0.01, 0.15), (0.05, 0.30))
"""(error allowed, share of calls served)."""

_RUNS, _CALLS, _SHADOW = 12, 100_000, 0.02


def stops(*, strict: bool) -> list[dict[str, Any]]:
    """For each case and each multiple: how many of the runs stopped, and after how many calls."""
    rows = []
    for most, served in CASES:
        for times in TIMES:
            after = [
                _run(ShadowMeter(max_error=most, strict=strict), served, times * most / served, seed)
                for seed in range(_RUNS)
            ]
            stopped = [calls for calls in after if calls is not None]
            rows.append(
                {
                    "max_error": most,
                    "served": served,
                    "times": times,
                    "runs": _RUNS,
                    "stopped": len(stopped),
                    "calls": statistics.median(stopped) if stopped else None,
                }
            )
    return rows


def _run(meter: ShadowMeter, served: float, wrong: float, seed: int) -> int | None:
    """The call at which a cache of which `wrong` hits are wrong is stopped; None when it never is."""
    rng = random.Random(seed)
    for number in range(_CALLS):
        meter.called()
        if rng.random() < served * meter.share:
            meter.hit()
            if rng.random() < meter.shadow(_SHADOW):
                meter.observe(right=rng.random() >= wrong)
                if not meter.serving:
                    return number
    return None
