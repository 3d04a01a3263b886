"""What counts as personal data, and what only looks like it."""

import pytest

from headworks.safety.pii.finder import KINDS, find


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("CARD", "4111 1111 1111 1111"),
        ("CARD", "378282246310005"),
        ("IBAN", "DE89 3704 0044 0532 0130 00"),
        ("IBAN", "GB29NWBK60161331926819"),
        ("EMAIL", "first.last+news@mail.example.co.uk"),
        ("PHONE", "+49 170 1234567"),
        ("PHONE", "(415) 555-2671"),
        ("IP", "192.168.10.4"),
        ("IP", "2001:db8::ff00:42:8329"),
        ("MAC", "00:1B:44:11:3A:B7"),
        ("US_SSN", "219-09-9999"),
        ("BR_CPF", "390.533.447-05"),
        ("CH_AHV", "756.9217.0769.85"),
        ("IT_CF", "RCCMNL83S18D969H"),
        ("ES_DNI", "54362315K"),
        ("FR_NIR", "2 95 10 99 126 111 93"),
        ("FI_HETU", "131052-308T"),
        ("BE_NN", "85.07.30-033.28"),
        ("SE_PNR", "880320-0016"),
    ],
)
def test_every_kind_is_found_at_its_place(kind: str, text: str) -> None:
    for before, after in (("", ""), ("it is ", " now"), ("(", ")"), ("号码", "。")):
        found = find(before + text + after)
        assert [(one.kind, one.start, one.end) for one in found] == [(kind, len(before), len(before) + len(text))]


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        ("UK_NHS", "my NHS number is 943 476 5919", "943 476 5919"),
        ("NL_BSN", "BSN: 111222333", "111222333"),
        ("PL_PESEL", "PESEL 44051401359", "44051401359"),
        ("DE_TAX", "Steuer-ID 36574261809", "36574261809"),
        ("CA_SIN", "SIN 046 454 286", "046 454 286"),
        ("AU_TFN", "TFN 123 456 782", "123 456 782"),
        ("IN_AADHAAR", "Aadhaar 2341 2341 2346", "2341 2341 2346"),
    ],
)
def test_bare_digits_are_an_id_when_a_word_beside_them_says_so(kind: str, text: str, number: str) -> None:
    assert [(one.kind, text[one.start : one.end]) for one in find(text)] == [(kind, number)]
    assert find(number) == []


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "order 1234567890123456", "GB29 NWBK 6016 1331 9268 18", "000-12-3456", "version 1.2.3",
        "at 12:30:45 on 2024-11-05", "1,234,567.89 dollars", "1.2.3.4.5", "999.1.1.1", "a@b", "@name", "std::vector",
        "127.0.0.1", "390.533.447-06", "54362315A",
        "0000 0000 0000 0000", "call 911", "123 456 789", "3.14159265358979",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_let_pass(text: str) -> None:
    assert find(text) == []


def test_two_cards_in_a_row_are_two() -> None:
    found = find("4111 1111 1111 1111 5555 5555 5555 4444")
    assert [(one.kind, one.start, one.end) for one in found] == [("CARD", 0, 19), ("CARD", 20, 39)]


def test_a_word_in_capitals_after_an_account_is_no_part_of_it() -> None:
    assert [(one.start, one.end) for one in find("DE89370400440532013000 THANKS")] == [(0, 22)]


def test_only_wanted_kinds_are_found() -> None:
    text = "bob@example.com at 192.168.10.4"
    assert [one.kind for one in find(text, frozenset({"IP"}))] == ["IP"]
    assert {"EMAIL", "CARD", "IBAN"} < KINDS
