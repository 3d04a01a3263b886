"""Experiments: whole releases of a feature, each for a share of its users, compared while they run.

In: the feature and who calls. Out: the release of the variant the user belongs to, and the label for the trace. Fails
open: what cannot be read splits nobody. Changes fail closed. A feature without an experiment pays for one look into a
table.
"""

from headworks.flags.experiments.asked import Plan
from headworks.flags.experiments.assignment import Assigned, Assignments
from headworks.flags.experiments.closing import promoted, stopped
from headworks.flags.experiments.desk import Checks, Desk
from headworks.flags.experiments.measure.calls import Batch, Call, Opinion, Opinions, Records
from headworks.flags.experiments.records import Experiment, Release
from headworks.flags.experiments.report import Report, text_of
from headworks.flags.experiments.shown import changes, shown
from headworks.flags.experiments.watch import Tell, Watch

__all__ = [
    "Assigned",
    "Assignments",
    "Batch",
    "Call",
    "Checks",
    "Desk",
    "Experiment",
    "Opinion",
    "Opinions",
    "Plan",
    "Records",
    "Release",
    "Report",
    "Tell",
    "Watch",
    "changes",
    "promoted",
    "shown",
    "stopped",
    "text_of",
]
