"""How much of the beginning of a continuation only repeats the end of what was delivered.

A model that is told to go on often takes a run-up: it says its last words again. What is too short, too plain or the
text's own rhythm (`ha ha ha`, a table's rule, indentation) is no such sign, since an exact continuation may begin so.
"""

from msgspec import Struct

WINDOW = 400
"""Characters before the seam that a model is expected to repeat at most."""
PLAIN = 3
"""So few different characters make a rule or a rhythm, not a repetition."""


class Habit(Struct, frozen=True):
    """What counts as a repetition.

    Attributes:
        characters: So many characters do, whatever they are.
        words: Whether two words do, if fewer.
    """

    characters: int
    words: bool


def repeated(had: str, said: str, habit: Habit, *, final: bool) -> int | None:
    """How many characters at the beginning of `said` repeat the end of `had`: as many as possible, 0 for none.

    None while that cannot be told: `said` may become a longer repetition, unless it is `final`.
    """
    for length in range(min(len(had), WINDOW), 0, -1):
        start = len(had) - length
        if length <= len(said):
            if said.startswith(had[start:]) and _counts(had, start, habit):
                return length
        elif not final and had.startswith(said, start) and _counts(had, start, habit):
            return None
    return 0


def _counts(had: str, start: int, habit: Habit) -> bool:
    tail = had[start:]
    core = tail.strip()
    if len(set(core)) <= PLAIN or had[:start].rstrip().endswith(core):
        return False
    if len(core) >= habit.characters:
        return True
    return habit.words and _begins_word(had, start) and _is_two_words(core)


def _begins_word(had: str, start: int) -> bool:
    return had[start].isspace() or not start or not (had[start].isalnum() and had[start - 1].isalnum())


def _is_two_words(core: str) -> bool:
    words = core.split()
    return len(words) > 1 and all(any(map(str.isalpha, word)) for word in words)
