"""Reject, before any similarity counts, what a vector cannot tell apart: numbers, dates, names, negation, direction.

In go two questions, out comes the name of the guard that says they cannot have one answer, or None. Pure. Covered
languages: English in full; German, French, Spanish, Italian and Portuguese for numbers, dates, negation, direction and
kind of question, with all other words equal; elsewhere only texts that are equal but for case and white space pass.
"""

from headworks.cache.guards.comparing import DOUBTS, differs, rejects
from headworks.cache.guards.reader import read
from headworks.cache.guards.reading import Reading, covered

__all__ = ["DOUBTS", "Reading", "covered", "differs", "read", "rejects"]
