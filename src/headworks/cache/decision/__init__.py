"""Whether the answer of a question that means the same may be served, such that few answers are wrong.

In go what the index found (similarities and the records of their entries), out comes serve or ask, with a bound on the
chance that the answer is right. `rule.py` decides; `pool.py` has learned from all observations how similarity becomes
that chance, `evidence.py` what each entry's own observations say; `budget.py` keeps the promise over all calls and
`meter.py` measures whether it is kept. Pure: no I/O, no clock, randomness is handed in. Whatever is not known to be
safe is asked.
"""

from headworks.cache.decision.evidence import NEIGHBOURS, Candidate, Evidence, Record, weigh
from headworks.cache.decision.meter import Measured, ShadowMeter
from headworks.cache.decision.rule import Choice, Decision

__all__ = ["NEIGHBOURS", "Candidate", "Choice", "Decision", "Evidence", "Measured", "Record", "ShadowMeter", "weigh"]
