"""Drills: rehearse outages on the real gateway, with fakes in the place of its providers.

In goes a scenario (YAML: what goes wrong when, what is asked, what must come of it) and, if wanted, a config of your
own; out comes a verdict with figures. The gateway under test is a process of its own, everything else runs here, on
loopback. Nothing that is started outlives a drill.
"""

from headworks.drills.loading import find_scenarios, read_config, read_scenario, shipped
from headworks.drills.reports.junit import junit
from headworks.drills.reports.markdown import markdown
from headworks.drills.scenario import Scenario
from headworks.drills.series import PARALLEL, hold
from headworks.drills.stage.gateway import DrillError
from headworks.drills.verdict.checks import Check, Verdict
from headworks.drills.verdict.figures import Figures

__all__ = [
    "PARALLEL",
    "Check",
    "DrillError",
    "Figures",
    "Scenario",
    "Verdict",
    "find_scenarios",
    "hold",
    "junit",
    "markdown",
    "read_config",
    "read_scenario",
    "shipped",
]
