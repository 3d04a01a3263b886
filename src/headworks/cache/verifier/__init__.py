"""Whether two answers say the same: the evidence that serving the one for the other is right, or is not.

In go two answers and, where known, the cosine of their texts; out comes same, different or unsure, with the reason.
Rules first, then similarity, then, where one is configured, a judge model. Pure but for the judge, which the caller
runs. What is unsure is never counted as right.
"""

from headworks.cache.verifier.answer import Answer, Call, answer_of
from headworks.cache.verifier.equivalence import equivalent
from headworks.cache.verifier.judge import Judge, Pair, judged, prompt, settled
from headworks.cache.verifier.verdict import Verdict

__all__ = ["Answer", "Call", "Judge", "Pair", "Verdict", "answer_of", "equivalent", "judged", "prompt", "settled"]
