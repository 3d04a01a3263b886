"""The guards of names, opposites and single words: what one question says and the other does not."""

from headworks.cache.guards import lexicon
from headworks.cache.guards.reading import Reading

_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "de", "a", "anti")
_ROOT = 4
_ENDING_WORDS = """
    al ial ion ation ition tion sion ment er or ar ist ism iti ti i ness iv ativ anc enc ant ent abl ibl ful ic ical iz
    is ifi yz ys s n d t an ian ship hood dom est ur our re
"""
_ENDINGS = frozenset(_ENDING_WORDS.split()) | {""}
"""What words of one root end in, once stemmed."""
_LONG = 7
_NARROWING = frozenset("iowafbu")
"""Relations (`Vocabulary.marks`) that narrow a question down: in, of, with, at, from, by, under."""


def _alone(a: Reading, b: Reading) -> list[str]:
    """Words of `a` that `b` lacks."""
    theirs = set(b.words)
    return [word for word in dict.fromkeys(a.words) if word not in theirs]


def opposite(a: Reading, b: Reading) -> bool:
    """Whether one says the contrary of a word of the other."""
    ours, theirs = _alone(a, b), _alone(b, a)
    if not ours or not theirs:
        return False
    sides = {pole for word in ours for pole in lexicon.OPPOSITES.get(word, ())}
    other = {pole for word in theirs for pole in lexicon.OPPOSITES.get(word, ())}
    if any((row, 1 - side) in other for row, side in sides):
        return True
    return any(_negated(x, y) or _negated(y, x) for x in ours for y in theirs)


def _negated(word: str, plain: str) -> bool:
    return word.endswith(plain) and len(plain) > 3 and word[: -len(plain)] in _PREFIXES


def renamed(a: Reading, b: Reading) -> bool:
    """Whether one has a name where the other has another, or none and no words in its stead."""
    ours, theirs = _alone(a, b), _alone(b, a)
    if not ours or not theirs:
        return bool(_names(a, ours) or _names(b, theirs))
    return bool(_names(a, ours) and _names(b, theirs))


def _names(reading: Reading, alone: list[str]) -> list[str]:
    return [word for word, mark in zip(reading.words, reading.marks, strict=True) if mark.isupper() and word in alone]


def narrowed(a: Reading, b: Reading) -> bool:
    """Whether one adds nothing but where, whose or with what: "the best schools", "the best schools in Ohio"."""
    ours, theirs = _alone(a, b), _alone(b, a)
    if len(ours) + len(theirs) != 1:
        return False
    longer, word = (a, ours[0]) if ours else (b, theirs[0])
    return longer.marks[longer.words.index(word)].lower() in _NARROWING


def reworded(a: Reading, b: Reading) -> bool:
    """Whether just one word is put in another's place, and the two are not known to mean the same."""
    ours, theirs = _alone(a, b), _alone(b, a)
    if "en" not in (a.language, b.language):
        return bool(ours or theirs)
    if len(ours) != 1 or len(theirs) != 1:
        return False
    return not akin(ours[0], theirs[0])


def akin(x: str, y: str) -> bool:
    """Whether two stems may stand for each other: known synonyms, one word with two endings, or a slip of the pen."""
    if not set(lexicon.GROUPS.get(x, ())).isdisjoint(lexicon.GROUPS.get(y, ())):
        return True
    start = _shared(x, y)
    if start >= _ROOT and x[start:] in _ENDINGS and y[start:] in _ENDINGS:
        return True
    return _slip(x, y, start)


def _slip(x: str, y: str, start: int) -> bool:
    """One letter too many, missing, or wrong, inside two long words that begin and end alike."""
    if abs(len(x) - len(y)) > 1 or min(len(x), len(y)) < _LONG or not start:
        return False
    end = _shared(x[: start - 1 : -1], y[: start - 1 : -1])
    return end > 0 and start + end >= max(len(x), len(y)) - 1


def _shared(x: str, y: str) -> int:
    """Letters that both begin with."""
    for place, (ours, theirs) in enumerate(zip(x, y, strict=False)):
        if ours != theirs:
            return place
    return min(len(x), len(y))
