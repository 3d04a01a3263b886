"""Say whether two answers say the same: by rules where rules can tell, else by likeness, else not at all.

Invariants: pure and symmetric; an answer that says something is the same as itself; in doubt the verdict is unsure.
The limits of likeness are set by judgement: there is no labelled data of answer pairs here to fit them to.
"""

from headworks.cache.guards import differs, read
from headworks.cache.verifier import prose
from headworks.cache.verifier.answer import Answer
from headworks.cache.verifier.stance import polarity, refuses
from headworks.cache.verifier.structure import calls_compared, code_in, compared, missing, parsed
from headworks.cache.verifier.verdict import Verdict

ALIKE = 0.92
"""Cosine from which texts that agree in their facts say the same."""
LIKE = 0.82
"""Cosine from which they do when they also share their sentences."""
UNLIKE = 0.5
"""Cosine below which texts say something else."""
SHARED = 0.5
SHORT_WORDS = 12
_ENDS = " .!?\u3002"


def equivalent(a: Answer, b: Answer, similarity: float | None = None) -> Verdict:
    """Whether two answers, to two questions taken for the same, say the same.

    Args:
        a: One answer.
        b: The other.
        similarity: Cosine of the embeddings of their texts, -1 to 1; None when not known, and then only rules decide.
    """
    if a.calls or b.calls:
        return calls_compared(a.calls, b.calls)
    refused = _refusals(a, b)
    if refused is not None:
        return refused
    ours, theirs = a.text.strip(), b.text.strip()
    if not ours or not theirs:
        return Verdict("unsure", "empty") if ours == theirs else Verdict("different", "empty", final=True)
    if _plain(ours) == _plain(theirs):
        return Verdict("same", "equal", final=True)
    return _structures(ours, theirs) or _texts(ours, theirs, similarity)


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(_ENDS)


def _refusals(a: Answer, b: Answer) -> Verdict | None:
    """Two refusals prove nothing of what would have been said. A provider's own mark is sure, words are read."""
    ours, theirs = (answer.refused or refuses(answer.text) for answer in (a, b))
    if ours and theirs:
        return Verdict("unsure", "both refuse", final=True)
    return Verdict("different", "refusal", final=a.refused or b.refused) if ours or theirs else None


def _structures(a: str, b: str) -> Verdict | None:
    ours, theirs = parsed(a), parsed(b)
    if not missing(ours) and not missing(theirs):
        return compared(ours, theirs)
    if missing(ours) != missing(theirs):
        return Verdict("different", "json or not", final=True)
    code_a, code_b = code_in(a), code_in(b)
    if code_a == code_b:
        return None
    if bool(code_a) != bool(code_b):
        return Verdict("unsure", "code or not")
    return Verdict("unsure", "code")


def _texts(a: str, b: str, similarity: float | None) -> Verdict:
    stance_a, stance_b = polarity(a), polarity(b)
    if stance_a and stance_b and stance_a != stance_b:
        return Verdict("different", "yes or no", final=True)
    if max(len(a.split()), len(b.split())) <= SHORT_WORDS:
        short = _short(a, b)
        if short is not None:
            return short
    ours, theirs = prose.sentences(a), prose.sentences(b)
    guard = prose.contradiction(ours, theirs)
    if guard is not None:
        return Verdict("different", guard)
    if not (ours.covered and theirs.covered):
        return Verdict("unsure", "language")
    if not prose.numbers_agree(ours, theirs):
        return Verdict("unsure", "numbers")
    return _likeness(prose.shared(ours, theirs), similarity)


_SHORT_FACTS = frozenset({"number", "unit", "date", "negation", "opposite", "direction", "language"})


def _short(a: str, b: str) -> Verdict | None:
    """Of an answer of a few words every fact counts; None when words do not tell."""
    ours, theirs = read(a), read(b)
    guard = differs(ours, theirs)
    if guard in _SHORT_FACTS:
        return Verdict("different", guard or "", final=True)
    if guard is None and ours.words and sorted(ours.words) == sorted(theirs.words):
        return Verdict("same", "words")
    return None


def _likeness(shared: float, similarity: float | None) -> Verdict:
    if similarity is None:
        return Verdict("unsure", "no similarity")
    if similarity < UNLIKE:
        return Verdict("different", "unlike")
    if similarity >= ALIKE or (similarity >= LIKE and shared >= SHARED):
        return Verdict("same", "alike")
    return Verdict("unsure", "not alike enough")
