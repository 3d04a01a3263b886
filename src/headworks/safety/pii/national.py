"""National ids with check digits.

A number is one when its check digits are right and either its form is that country's own (dots, letters, a fixed
beginning) or a word beside it says so: one of eleven rows of nine digits passes for a Dutch id by chance.

Sources: the rules as published by the authorities and collected by the python-stdnum project (arthurdejong.org/
python-stdnum, read 2026-11-24); the tests hold them against numbers made by their definition.
"""

import re
from collections.abc import Callable

from msgspec import Struct

from headworks.safety.pii.checksums import luhn, mod11_10, verhoeff, weighted

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD = {
    sign: value
    for signs in ("0123456789", "ABCDEFGHIJ")
    for sign, value in zip(signs, (1, 0, 5, 7, 9, 13, 15, 17, 19, 21), strict=True)
} | dict(zip("KLMNOPQRSTUVWXYZ", (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True))


class Rule(Struct, frozen=True):
    """One country's id.

    Attributes:
        kind: Its name in tokens and verdicts.
        form: How it is written; searched in the text.
        right: Whether its digits and letters, joined, are right.
        words: Words one of which has to stand before it; None when the form is enough.
    """

    kind: str
    form: re.Pattern[str]
    right: Callable[[str], bool]
    words: re.Pattern[str] | None = None


def ssn(digits: str) -> bool:
    """United States: no check digit, but rows that are never given (ssa.gov, randomization)."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def nhs(digits: str) -> bool:
    """England: weights 10 to 2, mod 11."""
    return (11 - weighted(digits, tuple(range(10, 1, -1))) % 11) % 11 == int(digits[9])


def steuer_id(digits: str) -> bool:
    """Germany: mod 11,10; of the first ten digits one stands there twice or three times."""
    counts = sorted(digits[:10].count(digit) for digit in set(digits[:10]))
    return digits[0] != "0" and counts[-1] in (2, 3) and counts[-2] == 1 and mod11_10(digits)


def nir(text: str) -> bool:
    """France: 97 less the number mod 97; Corsica's departments have letters."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(text[13:])


def dni(text: str) -> bool:
    """Spain: a letter for the number mod 23; foreigners' begin with X, Y or Z."""
    number = text[:-1].translate(str.maketrans("XYZ", "012"))
    return _DNI[int(number) % 23] == text[-1]


def codice_fiscale(text: str) -> bool:
    """Italy: signs in odd places count by a table, in even ones by their place; mod 26."""
    total = sum(_ODD[sign] for sign in text[:15:2])
    total += sum(int(sign) if sign.isdigit() else ord(sign) - 65 for sign in text[1:15:2])
    return chr(65 + total % 26) == text[15]


def bsn(digits: str) -> bool:
    """The Netherlands: the test by eleven, the last digit counting as -1."""
    return digits != "0" * 9 and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def rijksregister(digits: str) -> bool:
    """Belgium: 97 less the number mod 97; from 2000 on with a 2 before it."""
    check = int(digits[9:])
    return any(97 - int(before + digits[:9]) % 97 == check for before in ("", "2"))


def pesel(digits: str) -> bool:
    """Poland: weights 1, 3, 7, 9; mod 10. The month says the century."""
    month = int(digits[2:4]) % 20
    return (
        1 <= month <= 12
        and 1 <= int(digits[4:6]) <= 31
        and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0
    )


def personnummer(digits: str) -> bool:
    """Sweden: Luhn over ten digits, the century left off."""
    return luhn(digits[-10:])


def hetu(text: str) -> bool:
    """Finland: a sign for the number mod 31; the seventh sign is the century's."""
    return _HETU[int(text[:6] + text[7:10]) % 31] == text[10]


def cpf(digits: str) -> bool:
    """Brazil: two check digits by mod 11; a number of one digit alone is none."""
    first = weighted(digits, tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = weighted(digits, tuple(range(11, 1, -1))) * 10 % 11 % 10
    return len(set(digits)) > 1 and digits[9:] == f"{first}{second}"


def ahv(digits: str) -> bool:
    """Switzerland: the check digit of an EAN-13 that begins with 756."""
    return weighted(digits, (1, 3) * 6 + (1,)) % 10 == 0


def tfn(digits: str) -> bool:
    """Australia: weights, mod 11."""
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _rule(kind: str, form: str, right: Callable[[str], bool], words: str | None = None) -> Rule:
    word = None if words is None else re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    return Rule(kind, re.compile(rf"(?a)(?<![\w.-])(?:{form})(?![\w-])(?!\.\d)"), right, word)


RULES = (
    _rule("US_SSN", r"\d{3}-\d{2}-\d{4}", ssn),
    _rule("BR_CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", cpf),
    _rule("CH_AHV", r"756\.\d{4}\.\d{4}\.\d{2}", ahv),
    _rule("BE_NN", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", rijksregister),
    _rule("FI_HETU", r"[0-3]\d[01]\d{3}[-+ABCDEFYXWVU]\d{3}[0-9A-Y]", hetu),
    _rule("IT_CF", r"[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", codice_fiscale),
    _rule("ES_DNI", r"(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]", dni),
    _rule("FR_NIR", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", nir),
    _rule("SE_PNR", r"(?:19|20)?\d{2}(?:0[1-9]|1[0-2])[0-3]\d[-+]\d{4}", personnummer),
    _rule("UK_NHS", r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs, r"nhs(?: number| no)?"),
    _rule(
        "DE_TAX",
        r"\d{2} ?\d{3} ?\d{3} ?\d{3}",
        steuer_id,
        r"steuer-?id|idnr|steuerliche|steueridentifikationsnummer|tin",
    ),
    _rule("NL_BSN", r"\d{9}|\d{3}[ .]\d{3}[ .]\d{3}|\d{4}[ .]\d{2}[ .]\d{3}", bsn, r"bsn|burgerservicenummer|sofi"),
    _rule("PL_PESEL", r"\d{11}", pesel, r"pesel"),
    _rule("IN_AADHAAR", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", verhoeff, r"aadh?aar|uidai|uid"),
    _rule("CA_SIN", r"\d{3}[ -]?\d{3}[ -]?\d{3}", luhn, r"sin|social insurance|nas"),
    _rule("AU_TFN", r"\d{3} ?\d{3} ?\d{3}", tfn, r"tfn|tax file"),
)
