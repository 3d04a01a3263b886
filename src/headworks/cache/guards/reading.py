"""What guards see in a question: its numbers, dates, negations, words and how they stand to each other.

Worked out once per text and kept with it. Invariants: pure; linear in the text's length; a text has one reading
whatever its white space, the case of its first letter, and the punctuation at its end.
"""

from msgspec import Struct


class Reading(Struct, frozen=True, array_like=True):
    """A question, read. Packs to a short msgpack array; about 300 bytes for 20 words.

    Attributes:
        digest: 16 bytes of the normalised text.
        language: ISO 639-1 where known, else a script's name, else empty.
        exact: True when only an equal `digest` passes: a text too long or in a language that is not covered.
        code: 16 bytes of the code in it, empty for none.
        kind: Kind of question (`how`, `why`, `many`, `whether`, ...), empty for none.
        person: `my`, `your`, both, or empty.
        negations: How many words turn it round.
        one: Whether the word "one" stands in it, which may or may not be a number.
        numbers: In order, in one form.
        units: Of numbers, in order.
        dates: Days, months and times, sorted, each once.
        signs: Operators and signs, in order.
        words: Stems of the words that carry content, in order.
        marks: A letter per word: the relation that it is in (`n` for none), in capitals for a name.
    """

    digest: bytes
    language: str = ""
    exact: bool = False
    code: bytes = b""
    kind: str = ""
    person: str = ""
    negations: int = 0
    one: bool = False
    numbers: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    signs: str = ""
    words: tuple[str, ...] = ()
    marks: str = ""


def covered(reading: Reading) -> bool:
    """Whether paraphrases of it can pass; of others only texts that are equal but for case, space and punctuation."""
    return not reading.exact
