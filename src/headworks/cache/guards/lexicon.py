"""What a word does in a question, per language: the tables of `words/` turned into look-ups, once, at import.

Invariant: a word has one part in one language; where a table gives it two, the later of the order below stays.
"""

from collections.abc import Iterator
from struct import Struct

from headworks.cache.guards.stems import stem
from headworks.cache.guards.words.english import ENGLISH, POLES, SYNONYMS, TENS
from headworks.cache.guards.words.french import FRENCH
from headworks.cache.guards.words.german import GERMAN
from headworks.cache.guards.words.italian import ITALIAN
from headworks.cache.guards.words.languages import STOP_WORDS
from headworks.cache.guards.words.portuguese import PORTUGUESE
from headworks.cache.guards.words.spanish import SPANISH
from headworks.cache.guards.words.units import UNITS
from headworks.cache.guards.words.vocabulary import Vocabulary

STOP, JOINER, MARK, NUMBER, SCALE, ORDINAL, NEGATION, DATE, UNSURE_DATE, KIND, POSSESSOR = range(11)

Part = tuple[int, str]
"""What a word does, and its value."""

_VOCABULARIES = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "it": ITALIAN,
    "pt": PORTUGUESE,
}
COVERED = frozenset(_VOCABULARIES)
"""Languages whose small words are known here. Elsewhere only nearly equal texts pass."""

_BITS = 16
LANGUAGES = tuple(STOP_WORDS)
_COUNTS = Struct(f"<{len(LANGUAGES)}H")


def _spotters() -> dict[str, int]:
    """Word -> one 16-bit field per language, 1 where it is common there: adding them up counts all at once."""
    found: dict[str, int] = {}
    for place, (language, words) in enumerate(STOP_WORDS.items()):
        table = _VOCABULARIES.get(language, Vocabulary())
        telling = [words, table.negations, table.joiners, *table.marks.values(), *table.kinds.values()]
        for word in set(" ".join(telling).split()):
            found[word] = found.get(word, 0) + (1 << _BITS * place)
    return found


SPOTTERS = _spotters()


def spoken(total: int) -> str:
    """The language that most of the words speak for; empty for none, or for two alike.

    Args:
        total: Sum of `SPOTTERS` values of fewer than 65,536 words.
    """
    counts = _COUNTS.unpack(total.to_bytes(_COUNTS.size, "little"))
    best = max(counts)
    return LANGUAGES[counts.index(best)] if best and counts.count(best) == 1 else ""


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for row, line in enumerate(text.strip().splitlines()):
        yield row, [word for word in line.split() if word != "|"]


def _parts(language: str, vocabulary: Vocabulary) -> dict[str, Part]:
    """Word -> part, of one language."""
    found: dict[str, Part] = dict.fromkeys((STOP_WORDS[language] + vocabulary.stops).split(), (STOP, ""))
    for letter, words in vocabulary.marks.items():
        found.update(dict.fromkeys(words.split(), (MARK, letter)))
    for name, words in vocabulary.possessors.items():
        found.update(dict.fromkeys(words.split(), (POSSESSOR, name)))
    for row, numbers in _lines(vocabulary.numbers):
        found.update(dict.fromkeys(numbers, (NUMBER, str(row))))
    for row, ordinals in _lines(vocabulary.ordinals):
        found.update(dict.fromkeys(ordinals, (ORDINAL, f"#{row + 1}")))
    found.update({word: (SCALE, str(scale)) for word, scale in vocabulary.scales.items()})
    for kind, table in (("day", vocabulary.days), ("month", vocabulary.months), ("time", vocabulary.relative)):
        for row, dates in _lines(table):
            found.update(dict.fromkeys(dates, (DATE, f"{kind} {row}")))
    found.update({word: (UNSURE_DATE, found[word][1]) for word in vocabulary.unsure.split()})
    for kind, words in vocabulary.kinds.items():
        found.update(dict.fromkeys(words.split(), (KIND, kind)))
    found.update(dict.fromkeys(vocabulary.negations.split(), (NEGATION, "")))
    found.update(dict.fromkeys(vocabulary.joiners.split(), (JOINER, "")))
    return found


PARTS: dict[str, dict[str, Part]] = {language: _parts(language, table) for language, table in _VOCABULARIES.items()}
PARTS["en"].update({word: (NUMBER, str(10 * place)) for place, word in enumerate(TENS.split(), 2)})
PARTS[""] = PARTS["en"]

DEGREES = {
    language: {word: kind for kind, words in table.degrees.items() for word in words.split()}
    for language, table in _VOCABULARIES.items()
}
DEGREES[""] = DEGREES["en"]

UNIT_NAMES = {word: line.split()[0] for line in UNITS.strip().splitlines() for word in line.split()}


def _poles() -> dict[str, list[tuple[int, int]]]:
    """Stem -> pairs of opposites it belongs to, as number of the pair and side."""
    found: dict[str, list[tuple[int, int]]] = {}
    for row, sides in _lines(POLES):
        for side, words in enumerate(sides):
            for word in words.split("|"):
                found.setdefault(stem(word), []).append((row, side))
    return found


def _synonyms() -> dict[str, list[int]]:
    """Stem -> groups of words that may stand for it."""
    found: dict[str, list[int]] = {}
    for row, words in _lines(SYNONYMS):
        for word in words:
            found.setdefault(stem(word), []).append(row)
    return found


OPPOSITES = _poles()
GROUPS = _synonyms()
