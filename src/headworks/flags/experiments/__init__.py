"""Experiments: whole releases of a feature, each for a share of its users, compared while they run.

In: the feature and who calls. Out: the release of the variant the user belongs to, and the label for the trace. Fails
open: what cannot be read splits nobody. Changes fail closed. A feature without an experiment pays for one look into a
table.
"""

from headworks.flags.experiments.asked import Plan
from headworks.flags.experiments.assignment import Assigned, Assignments, assignment, unit_of
from headworks.flags.experiments.decisions import Decision
from headworks.flags.experiments.desk import Checks, Desk
from headworks.flags.experiments.measure.calls import Batch, Call, Opinion, Opinions, Records
from headworks.flags.experiments.records import KIND, Experiment, Guard, Release, Variant
from headworks.flags.experiments.report import Report, text_of
from headworks.flags.experiments.watch import Tell, Watch

__all__ = [
    "KIND",
    "Assigned",
    "Assignments",
    "Batch",
    "Call",
    "Checks",
    "Decision",
    "Desk",
    "Experiment",
    "Guard",
    "Opinion",
    "Opinions",
    "Plan",
    "Records",
    "Release",
    "Report",
    "Tell",
    "Variant",
    "Watch",
    "assignment",
    "text_of",
    "unit_of",
]
