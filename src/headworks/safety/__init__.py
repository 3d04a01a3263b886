"""Safety: filters before the model and after it.

In goes an ask, and it comes out as the model may see it, or not at all; in goes the reply, and it comes out as the
client may see it, also while it is being written. Fails closed: a check that cannot be made refuses, unless its
settings say `on_error: open`. A refusal is `content_policy_violation`, and no other provider is asked instead.
"""

from headworks.safety.config import SafetySettings
from headworks.safety.counts import Counts
from headworks.safety.guard import Guard
from headworks.safety.making import policy
from headworks.safety.outside import Classifier, Finder, Opinion
from headworks.safety.policy import Policy
from headworks.safety.room import Safety, Unguarded
from headworks.safety.verdicts import Found, Verdict

__all__ = [
    "Classifier",
    "Counts",
    "Finder",
    "Found",
    "Guard",
    "Opinion",
    "Policy",
    "Safety",
    "SafetySettings",
    "Unguarded",
    "Verdict",
    "policy",
]
