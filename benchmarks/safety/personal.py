"""How many pieces of personal data are found: numbers made by chance, in their usual forms, inside ordinary sentences.

What makes them knows nothing of what finds them: check digits are those of `python-stdnum`, read from its wheel.
"""

import importlib
import random
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.safety.material import download
from headworks.safety.pii.finder import find

WHEEL = "python-stdnum==2.2"
_SENTENCES = (
    "Please change it to {}, thanks.", "My number is {}", "I wrote ({}) on the form.", "{} is what they gave me.",
    "Is {} still valid?", "Two things: {} and the date.", "Send it to {}.", "Here: {}\nBest regards",
    "it says \"{}\" here",
)  # fmt: skip
_WORDS = {
    "UK_NHS": "My NHS number is {}.", "DE_TAX": "Meine Steuer-ID: {}.", "NL_BSN": "Mijn BSN is {}.",
    "PL_PESEL": "PESEL {} to mój numer.", "IN_AADHAAR": "My Aadhaar is {}.", "CA_SIN": "My SIN is {}.",
    "AU_TFN": "TFN: {} for the form.",
}  # fmt: skip
Make = Callable[[random.Random], str]


def recall(folder: Path, each: int = 400) -> list[tuple[str, int, int]]:
    """Rows of kind, how many were hidden, and how many were found at just their place."""
    sys.path.insert(0, str(download(folder, WHEEL)))
    chance, rows = random.Random(17), []
    for kind, make in _makers().items():
        found = 0
        for _ in range(each):
            value = make(chance)
            form = _WORDS.get(kind) or chance.choice(_SENTENCES)
            start = form.index("{}")
            text = form.format(value)
            found += any(one.kind == kind and (one.start, one.end) == (start, start + len(value)) for one in find(text))
        rows.append((kind, each, found))
    return rows


def _makers() -> dict[str, Make]:
    return {
        "CARD": lambda by: _grouped(by, _right(by, "stdnum.luhn", "4###############", "5[1-5]##############"), 4),
        "IBAN": _iban,
        "US_SSN": lambda by: _right(by, "stdnum.us.ssn", "###-##-####"),
        "BR_CPF": lambda by: _right(by, "stdnum.br.cpf", "###.###.###-##"),
        "CH_AHV": lambda by: _right(by, "stdnum.ch.ssn", "756.####.####.##"),
        "BE_NN": lambda by: _right(by, "stdnum.be.nn", "[0-9]#.[01]#.[0-2]#-###.##"),
        "FI_HETU": lambda by: _right(by, "stdnum.fi.hetu", "[0-2]#[01]###-###A", "[0-2]#[01]###-####"),
        "IT_CF": lambda by: _right(by, "stdnum.it.codicefiscale", "BCDFGH##A##F###Z", "RSSMRA##E##H###K"),
        "ES_DNI": lambda by: _right(by, "stdnum.es.dni", "########Z", "########K", "########T"),
        "FR_NIR": lambda by: _right(by, "stdnum.fr.nir", "[12]##0[1-9]##########", "[12] ## 0[1-9] ## ### ### ##"),
        "SE_PNR": lambda by: _right(by, "stdnum.se.personnummer", "[5-9]#0[1-9][0-2]#-####"),
        "UK_NHS": lambda by: _right(by, "stdnum.gb.nhs", "### ### ####", "##########"),
        "DE_TAX": lambda by: _right(by, "stdnum.de.idnr", "###########", "## ### ### ###"),
        "NL_BSN": lambda by: _right(by, "stdnum.nl.bsn", "#########"),
        "PL_PESEL": lambda by: _right(by, "stdnum.pl.pesel", "[0-9]#0[1-9][0-2]######"),
        "IN_AADHAAR": lambda by: _right(by, "stdnum.in_.aadhaar", "#### #### ####", "############"),
        "CA_SIN": lambda by: _right(by, "stdnum.ca.sin", "###-###-###", "### ### ###"),
        "AU_TFN": lambda by: _right(by, "stdnum.au.tfn", "### ### ###"),
        "EMAIL": _email,
        "PHONE": lambda by: _filled(
            by, "+49 170 #######", "+44 20 7### ####", "([2-9]##) 555-####", "[2-9]##-555-####"
        ),
        "IP": lambda by: ".".join(str(by.randint(128, 223)) for _ in range(4)),
        "MAC": lambda by: by.choice(":-").join(f"{by.randrange(256):02X}" for _ in range(6)),
    }


def _right(by: random.Random, module: str, *forms: str) -> str:
    """A number of one of these forms that the module says is valid."""
    valid = importlib.import_module(module).is_valid
    while True:
        value = _filled(by, *forms)
        if valid(value):
            return value


def _filled(by: random.Random, *forms: str) -> str:
    """A form with a digit for each `#`, and for each class of digits one of it."""
    form, value = by.choice(forms), ""
    while form:
        if form[0] == "[":
            inside, _, form = form[1:].partition("]")
            first, _, last = inside.partition("-")
            value += str(by.randint(int(first), int(last))) if last else by.choice(inside)
        else:
            value += by.choice("0123456789") if form[0] == "#" else form[0]
            form = form[1:]
    return value


def _grouped(by: random.Random, digits: str, size: int) -> str:
    divider = by.choice(("", " ", "-"))
    return divider.join(digits[at : at + size] for at in range(0, len(digits), size))


def _iban(by: random.Random) -> str:
    module = importlib.import_module("stdnum.iban")
    country, form = by.choice(
        (("DE", "#" * 18), ("FR", "#" * 23), ("GB", "NWBK" + "#" * 14), ("NL", "ABNA" + "#" * 10))
    )
    body = _filled(by, form)
    number = country + module.calc_check_digits(f"{country}00{body}") + body
    return _grouped(by, number, 4).replace("-", " ")


def _email(by: random.Random) -> str:
    name = "".join(by.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=by.randint(1, 12)))
    name += by.choice(("", ".smith", "+news", "_x1", "-b"))
    return f"{name}@{by.choice(('example.com', 'mail.example.co.uk', 'a-b.example.org', 'x.museum'))}"
