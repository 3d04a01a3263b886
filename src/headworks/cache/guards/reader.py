"""Read a question for the guards."""

import hashlib
import re
import unicodedata

from headworks.cache.guards import lexicon, numbers
from headworks.cache.guards.reading import Reading
from headworks.cache.guards.scripts import script
from headworks.cache.guards.stems import stem

MAX_WORDS = 400
"""A longer text passes only as itself: who pastes that much means that text."""
MAX_CHARS = 16_000
"""A longer text is not even cut into words."""

_TOKEN = re.compile(
    r"\d+(?:[.,:/'\-]\d+)*\w*"  # 1,000  3.11  10:30  2024-01-05  5km
    r"|\w+(?:'\w+)*[+#]*"  # don't  c++
    r"|[.!?;:]+(?=\s)"  # ends of sentences
    r"|(?<!\w)-(?=\d)|(?<=\d\s)-(?=\s\d)"  # minus
    r"|[%$€£¥₹°+=<>*/^&|~@#\\{}\[\]]"
)
_CODE_TOKEN = re.compile(r"\w+|[^\w\s]")
_CODE = re.compile(r"\w\((?:\w+,[^()]{0,80})?\)|\);|[{}]|[=!]=|[=-]>|::|\w\.\w+\(|</\w")
_CODE_SIGNS = frozenset("(){}=>:/")
"""Without any of these there is no code to look for."""
_ENDS = " .?!\u2026\u3002\uff1f\uff01"
_SIGN_UNITS = "%$€£¥₹°"
_ENDING_SIGNS = ".!?;:"
_NOT = "n't"


def read(text: str) -> Reading:
    """The reading of a text. Takes any text, in about 22 us for 20 words on an idle core (36 us on a busy machine)."""
    parts = text.split()
    if len(text) > MAX_CHARS or len(parts) > MAX_WORDS:
        return _long(parts)
    text = " ".join(parts)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u2212", "-")
    text = text.rstrip(_ENDS)
    tokens = _TOKEN.findall(text)
    if len(tokens) > MAX_WORDS:
        return _long(tokens)
    words = [token.casefold() for token in tokens]
    digest = _digest(" ".join(words))
    language = script(text) or lexicon.spoken(sum(filter(None, map(lexicon.SPOTTERS.get, words))))
    if language not in lexicon.PARTS:
        return Reading(digest, language, exact=True)
    return _Reader(language, tokens, words).reading(digest, _code(text))


def _long(parts: list[str]) -> Reading:
    """Of a text that passes only as itself."""
    plain = " ".join(parts).casefold().rstrip(_ENDS)
    return Reading(_digest(plain), script(plain), exact=True)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _code(text: str) -> bytes:
    """16 bytes of the code in a text: what stands in backquotes, or all of a text that looks like code."""
    if "`" in text:
        spans = "\n".join(text.split("```" if text.count("```") > 1 else "`")[1::2])
        return _digest(" ".join(_CODE_TOKEN.findall(spans)))
    if not _CODE_SIGNS.isdisjoint(text) and _CODE.search(text):
        first, *rest = _CODE_TOKEN.findall(text)
        return _digest(" ".join([first.casefold(), *rest]))
    return b""


class _Reader:
    """One pass over the words of one text."""

    __slots__ = (
        "dates", "kind", "language", "last", "mark", "marks", "negations", "numbers", "one", "persons", "signs",
        "start", "stems", "tokens", "units", "used", "words",
    )  # fmt: skip

    def __init__(self, language: str, tokens: list[str], words: list[str]) -> None:
        self.language = language
        self.tokens = tokens
        self.words = words
        self.kind = ""
        self.persons: set[str] = set()
        self.negations = 0
        self.one = "one" in words
        self.numbers: list[str] = []
        self.last = -9
        self.units: list[str] = []
        self.dates: set[str] = set()
        self.signs: list[str] = []
        self.stems: list[str] = []
        self.marks: list[str] = []
        self.mark = "n"
        self.used = True
        self.start = True

    def reading(self, digest: bytes, code: bytes) -> Reading:
        """Read all words."""
        part_of = lexicon.PARTS[self.language].get
        for place, word in enumerate(self.words):
            part = part_of(word)
            if part is None:
                self._unknown(place, word)
                continue
            role, value = part
            if role == lexicon.STOP:
                if self.used:
                    self.mark = "n"
                if self.tokens[place] != word and not self.start and _is_acronym(self.tokens[place]):
                    self._content(place, word)
            else:
                _ACTS[role](self, place, value)
            self.start = False
        return Reading(
            digest,
            self.language,
            code=code,
            kind=self.kind or ("whether" if self.words and self.words[0] in _AUXILIARIES else ""),
            person="" if _SUBJECTS.intersection(self.words) else " ".join(sorted(self.persons)),
            negations=self.negations,
            one=self.one,
            numbers=self._counted(),
            units=tuple(self.units),
            dates=tuple(sorted(self.dates)),
            signs="".join(self.signs),
            words=tuple(self.stems),
            marks="".join(self.marks),
        )

    def _counted(self) -> tuple[str, ...]:
        """The numbers; `May 5th` is `May 5`."""
        if any(date.startswith("month") for date in self.dates):
            return tuple(number.lstrip(numbers.ORDINAL) for number in self.numbers)
        return tuple(self.numbers)

    def _unknown(self, place: int, word: str) -> None:
        if word.isalpha():
            if word in lexicon.UNIT_NAMES and (self.last == place - 1 or self._before_number(place, word)):
                self._unit(lexicon.UNIT_NAMES[word])
            else:
                self._content(place, word)
            self.start = False
        elif word[0].isdecimal():
            self._digits(place, word)
            self.start = False
        elif word[0] in _ENDING_SIGNS:
            self.start = self.used = True
            self.mark = "n"
        elif len(word) == 1 and not word.isalnum():
            self._sign(word)
        else:
            self._pieces(place, word)
            self.start = False

    def _before_number(self, place: int, word: str) -> bool:
        """`Rs 500`: money may stand before its number."""
        following = self.words[place + 1] if place + 1 < len(self.words) else ""
        return word in _MONEY and following[:1].isdecimal()

    def _content(self, place: int, word: str) -> None:
        token = self.tokens[place]
        named = token != word and not self.start
        if named and token in numbers.ROMAN:
            self._count(place, str(numbers.ROMAN[token]))
            return
        self.stems.append(stem(word))
        self.marks.append(self.mark.upper() if named else self.mark)
        self.used = True

    def _pieces(self, place: int, word: str) -> None:
        """A word with an apostrophe, a digit or an underline in it."""
        if word.endswith(_NOT):
            self.negations += 1
            return
        part_of = lexicon.PARTS[self.language].get
        for piece in word.split("'"):
            part = part_of(piece)
            if part is None:
                if piece:
                    self._content(place, piece)
            elif part[0] != lexicon.STOP:
                _ACTS[part[0]](self, place, part[1])

    def _digits(self, place: int, word: str) -> None:
        found = numbers.split(word)
        if found is None:
            self._content(place, word)
            return
        number, letters = found
        if letters == "s":
            letters = ""
        scale = _LETTER_SCALES.get(letters)
        if scale is not None:
            number, letters = numbers.times(number, scale), ""
        if letters and letters not in lexicon.UNIT_NAMES:
            self._content(place, word)
            return
        self._count(place, number)
        if letters:
            self._unit(lexicon.UNIT_NAMES[letters])

    def _count(self, place: int, number: str) -> None:
        self.numbers.append(number)
        self.last = place

    def _unit(self, name: str) -> None:
        self.units.append(name)
        if name == "%":
            self.last = -9

    def _sign(self, sign: str) -> None:
        if sign in _SIGN_UNITS:
            self.units.append(lexicon.UNIT_NAMES.get(sign, sign))
        elif sign not in "&/":
            self.signs.append(sign)

    def joiner(self, place: int, _: str) -> None:
        """What follows stands as what came before it."""
        if self.marks:
            self.mark, self.used = self.marks[-1].lower(), False

    def relation(self, place: int, letter: str) -> None:
        self.mark, self.used = letter, False

    def number(self, place: int, value: str) -> None:
        if self.last == place - 1 and self.numbers and len(value) == 1 and self.numbers[-1] in _TENS:
            self.numbers[-1] = str(int(self.numbers[-1]) + int(value))
            self.last = place
        else:
            self._count(place, value)

    def scale(self, place: int, value: str) -> None:
        if self.last == place - 1 and self.numbers:
            self.numbers[-1] = numbers.times(self.numbers[-1].lstrip(numbers.ORDINAL), int(value))
            self.last = place
        else:
            self._count(place, value)

    def ordinal(self, place: int, value: str) -> None:
        if self.last == place - 1 and self.words[place] in lexicon.UNIT_NAMES:
            self._unit(lexicon.UNIT_NAMES[self.words[place]])
        else:
            self._count(place, value)

    def negation(self, place: int, _: str) -> None:
        if not (place and self.words[place - 1] in _IDLE_BEFORE_NOT):
            self.negations += 1
        if self.used:
            self.mark = "n"

    def date(self, place: int, value: str) -> None:
        self.dates.add(value)

    def unsure_date(self, place: int, value: str) -> None:
        token, word = self.tokens[place], self.words[place]
        capital = token != word and not self.start
        beside = place + 1 < len(self.words) and self.words[place + 1][0].isdecimal()
        if capital or beside or self.last == place - 1:
            self.dates.add(value)
        elif word not in lexicon.SPOTTERS:
            self._content(place, word)

    def ask(self, place: int, kind: str) -> None:
        if self.used:
            self.mark = "n"
        after_question = self.start and place and not self.kind and self.words[0] in _AUXILIARIES
        if after_question:
            self.kind = "whether"
        if not self.kind:
            following = self.words[place + 1] if place + 1 < len(self.words) else ""
            self.kind = lexicon.DEGREES[self.language].get(following, kind) if kind == "how" else kind

    def possessor(self, place: int, value: str) -> None:
        self.persons.add(value)


def _is_acronym(token: str) -> bool:
    """`US` and `IT` among stop words; not `I` nor `A`."""
    return len(token) > 1 and token.isupper()


_AUXILIARIES = frozenset(
    {"is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should", "has", "have", "am"}
)
_SUBJECTS = frozenset({"i", "you", "we", "one", "u"})
"""With one of these, `my` and `your` mean anybody's: "how do you tie your shoes"."""
_IDLE_BEFORE_NOT = frozenset({"or", "if", "why", "oder", "ou", "o"})
"""`Or not`, `if not` and `why not` ask again what was asked."""
_MONEY = frozenset({"rs", "inr", "usd", "eur", "gbp", "jpy", "cny", "rmb"})
_TENS = frozenset(str(10 * n) for n in range(2, 10))
_LETTER_SCALES = {"k": 1_000, "mn": 10**6, "bn": 10**9}
_ACTS = {
    lexicon.JOINER: _Reader.joiner,
    lexicon.MARK: _Reader.relation,
    lexicon.NUMBER: _Reader.number,
    lexicon.SCALE: _Reader.scale,
    lexicon.ORDINAL: _Reader.ordinal,
    lexicon.NEGATION: _Reader.negation,
    lexicon.DATE: _Reader.date,
    lexicon.UNSURE_DATE: _Reader.unsure_date,
    lexicon.KIND: _Reader.ask,
    lexicon.POSSESSOR: _Reader.possessor,
}
