"""Finds personal data in a text: cards, accounts, ids, e-mail and network addresses, telephone numbers.

Rules and check digits only, no model: what has no form of its own (names, street addresses) is left to a hook. A text
without digits and without `@` and `:` costs two looks. Where finds overlap, the longer one counts.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from headworks.safety.pii.checksums import iban, luhn
from headworks.safety.pii.national import RULES
from headworks.safety.verdicts import Found

LONGEST = 254
"""Characters of the longest thing that is found whole: an e-mail address (RFC 5321, 4.5.3.1); others are shorter."""
KINDS = frozenset({"EMAIL", "PHONE", "CARD", "IBAN", "IP", "MAC", *(rule.kind for rule in RULES)})
_BESIDE = 48
"""Characters before a number in which a word may say what it is."""
_EMAIL = re.compile(
    r"(?a)(?<![\w.+%-])[A-Za-z0-9_+%-](?:[A-Za-z0-9_.+%'-]{0,62}[A-Za-z0-9_+%-])?@(?=[^\s@]{4,190})"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,6}[A-Za-z]{2,24}(?![\w-])"
)
_ROW = re.compile(r"(?a)(?<![\w.,/=-])\d(?:[ -]?\d){11,40}(?![\w-])(?![.,]\d)")
_GROUP = re.compile(r"(?a)\d+")
_CARD = re.compile(
    r"(?a)4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15,18}|5[06-9]\d{11,17}"
)
"""Beginnings and lengths of the card schemes' numbers (ISO/IEC 7812, issuers' ranges)."""
_IBAN = re.compile(r"(?a)(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_IPV4 = re.compile(r"(?a)(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-])(?!\.\d)")
_IPV6 = re.compile(r"(?a)(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?<=::))(?![\w:.])")
_MAC = re.compile(r"(?a)(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")
_PHONE = re.compile(
    r"(?a)(?<![\w.+-])(?:\+[1-9]\d{0,2}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{2,4}){1,5}"
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|[2-9]\d{2}[.-][2-9]\d{2}[.-]\d{4}"
    r"|00[1-9]\d{1,2}[ .-]?\d{2,4}(?:[ .-]?\d{2,4}){1,4})(?![\w-])"
)
_NATIONAL_PHONE = re.compile(r"(?a)(?<![\w.+-])\(?0?\d{2,5}\)?(?:[ ./-]?\d{2,5}){1,4}(?![\w-])")
_PHONE_WORD = re.compile(
    r"\b(?:phone|telephone|tel|mobile|cell|call(?: me| us)?(?: at| on)?|whatsapp|fax|handy|"
    r"telefon|mobil|teléfono|téléphone|telefono|telefone)\b\W{0,3}(?:(?:number|no|nr|is|number is)\b\W{0,3}){0,2}$",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"(?a)\d")
_NUMBER = re.compile(
    r"(?a)\d[\d .()/+-]{5,}\d|[A-Z]{6}\d\d|[XYZ]-?\d{7}|"
    r"[A-Z]{2}\d\d ?[A-Z0-9]{4}|(?:[0-9A-Fa-f]{2}-){3}"
)
"""What every number that is looked for has inside. Prices, dates and hours do not, and cost one look."""
_NOT_ALNUM = re.compile(r"[^A-Z0-9]")
_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FI NL FO GL", 19: "SI MK", 20: "AT EE LT LU XK KZ BA", 21: "CH HR LV LI",
    22: "BG DE GB GE IE ME RS BH", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "PT ST",
    26: "IS TR", 27: "FR GR IT MC SM MR", 28: "AL AZ CY DO GT HU LB PL SV BY", 29: "BR EG PS QA UA",
    30: "JO KW MU", 31: "MT SC", 32: "LC",
}  # fmt: skip
_COUNTRY_LENGTH = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}
"""Length of an IBAN by country (SWIFT, IBAN registry)."""


def find(text: str, kinds: frozenset[str] = KINDS, start: int = 0) -> list[Found]:
    """What is found from `start` on, in order, not overlapping.

    Args:
        text: Text; what stands before `start` is looked at for words that say what a number is.
        kinds: Of `KINDS`, those that are wanted.
        start: Where to begin.
    """
    found: list[Found] = []
    if "@" in text and "EMAIL" in kinds:
        found += (Found("EMAIL", *match.span()) for match in _EMAIL.finditer(text, start))
    if ":" in text:
        found += _colons(text, start)
    if _NUMBER.search(text, start):
        found += _numbers(text, start)
    return _apart(one for one in found if one.kind in kinds) if found else found


def _numbers(text: str, start: int) -> Iterator[Found]:
    for match in _ROW.finditer(text, start):
        yield from _cards(match)
    for match in _IBAN.finditer(text, start):
        yield from _ibans(match)
    if "." in text:
        yield from (
            Found("IP", *match.span()) for match in _IPV4.finditer(text, start) if _address(match.group(), IPv4Address)
        )
    if text.count("-", start) >= 5:
        yield from (Found("MAC", *match.span()) for match in _MAC.finditer(text, start))
    for rule in RULES:
        if rule.words is not None and not rule.words.search(text):
            continue
        for match in rule.form.finditer(text, start):
            if rule.words is not None and not rule.words.search(text, max(0, match.start() - _BESIDE), match.start()):
                continue
            if rule.right(_joined(rule.kind, match.group())):
                yield Found(rule.kind, *match.span())
    yield from _phones(text, start)


def _joined(kind: str, written: str) -> str:
    return written if kind == "FI_HETU" else _NOT_ALNUM.sub("", written)


def _cards(row: re.Match[str]) -> Iterator[Found]:
    """Card numbers in a row of groups of digits: whole groups, 13 to 19 digits."""
    groups = [(match.start() + row.start(), match.end() + row.start()) for match in _GROUP.finditer(row.group())]
    text, first = row.string, 0
    while first < len(groups):
        for last in range(len(groups) - 1, first - 1, -1):
            start, end = groups[first][0], groups[last][1]
            digits = _NOT_ALNUM.sub("", text[start:end])
            if _CARD.fullmatch(digits) and len(set(digits)) > 1 and luhn(digits):
                yield Found("CARD", start, end)
                first = last
                break
        first += 1


def _ibans(match: re.Match[str]) -> Iterator[Found]:
    """An account of its country's length: a word in capitals that follows may have been taken for a part of it."""
    written = match.group()
    signs = [at for at, sign in enumerate(written) if sign != " "]
    wanted = _COUNTRY_LENGTH.get(written[:2], 0)
    if not wanted or len(signs) < wanted:
        return
    end = signs[wanted - 1] + 1
    if written[end : end + 1] in ("", " ") and iban(written[:end].replace(" ", "")):
        yield Found("IBAN", match.start(), match.start() + end)


def _colons(text: str, start: int) -> Iterator[Found]:
    yield from (Found("MAC", *match.span()) for match in _MAC.finditer(text, start))
    for match in _IPV6.finditer(text, start):
        if len(match.group()) > 6 and _DIGIT.search(match.group()) and _address(match.group(), IPv6Address):
            yield Found("IP", *match.span())


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> bool:
    try:
        address = kind(text)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


def _phones(text: str, start: int) -> Iterator[Found]:
    for match in _PHONE.finditer(text, start):
        if 8 <= sum(map(str.isdigit, match.group())) <= 15:
            yield Found("PHONE", *match.span())
    if not _PHONE_WORD_ANY.search(text):
        return
    for match in _NATIONAL_PHONE.finditer(text, start):
        before = text[max(0, match.start() - _BESIDE) : match.start()]
        if 7 <= sum(map(str.isdigit, match.group())) <= 13 and _PHONE_WORD.search(before):
            yield Found("PHONE", *match.span())


_PHONE_WORD_ANY = re.compile(_PHONE_WORD.pattern.partition(r")\b\W")[0] + ")", re.IGNORECASE)


def _apart(found: Iterator[Found]) -> list[Found]:
    """Of finds that overlap the longer; of equal ones that which is more than a row of digits."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: (each.start, -each.end, each.kind == "CARD")):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
        elif one.end - one.start > kept[-1].end - kept[-1].start:
            kept[-1] = one
    return kept
