"""What guards want to know of a language: the shape of its table.

In every text of a table, white space parts words; where lines matter, the words of one line mean the same.
"""

from msgspec import Struct


class Vocabulary(Struct, frozen=True, kw_only=True):
    """The words of one language that change what is asked, and those that do not.

    Attributes:
        stops: Words without a say, whose coming and going leaves a question what it was.
        negations: Words that turn a question round.
        marks: Letter of a relation -> the words that put the next word into it (`f` for from, `t` for to, ...).
        joiners: What stands before and after one of these may change places.
        kinds: Kind of question -> the words that open it.
        degrees: Kind of question -> the words that make it one after `how`.
        possessors: `my` and `your` -> words.
        numbers: One number a line, from zero on; a bar leaves a line out.
        scales: Word -> what it multiplies by.
        ordinals: One a line, from first on.
        days: One day a line, Monday first.
        months: One month a line, January first.
        unsure: Names of months that are other words too: dates only beside a number, or in capitals in a sentence.
        relative: Other words of time, one meaning a line.
    """

    stops: str = ""
    negations: str = ""
    marks: dict[str, str] = {}
    joiners: str = ""
    kinds: dict[str, str] = {}
    degrees: dict[str, str] = {}
    possessors: dict[str, str] = {}
    numbers: str = ""
    scales: dict[str, int] = {}
    ordinals: str = ""
    days: str = ""
    months: str = ""
    unsure: str = ""
    relative: str = ""
