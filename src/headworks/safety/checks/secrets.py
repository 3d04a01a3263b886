"""Secrets: keys, tokens and passwords by their published forms (`secrets`).

The forms are those that issuers print into their tokens so that scanners can find them (docs.github.com, Secret
scanning patterns; gitleaks' rules, github.com/gitleaks/gitleaks; read 2026-11-24). One linear-time pattern looks
whether any may be there; a usual text is done with it in some ten microseconds.
"""

import math
import re
from collections import Counter

from headworks.core.people.patterns import compiled
from headworks.safety.checks.detector import grouped
from headworks.safety.verdicts import Found

_FORMS = {
    "AWS_KEY": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    "GITHUB_TOKEN": r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{50,255}\b",
    "GITLAB_TOKEN": r"\bgl(?:pat|ptt|dt|rt|cbt|soat|ft)-[A-Za-z0-9_-]{20,300}",
    "API_KEY": (
        r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{20,250}|\bhw-[A-Za-z0-9_-]{16,250}|\bgsk_[A-Za-z0-9]{40,80}"
        r"|\bxai-[A-Za-z0-9]{40,200}|\bhf_[A-Za-z0-9]{30,60}|\bnvapi-[A-Za-z0-9_-]{40,120}|\br8_[A-Za-z0-9]{30,60}"
    ),
    "GOOGLE_KEY": r"\bAIza[A-Za-z0-9_-]{35}|\bGOCSPX-[A-Za-z0-9_-]{28}|\bya29\.[A-Za-z0-9_-]{30,500}",
    "SLACK_TOKEN": (
        r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}|\bxapp-\d-[A-Za-z0-9-]{20,250}"
        r"|hooks\.slack\.com/services/[A-Za-z0-9/]{40,60}"
    ),
    "PAYMENT_KEY": (
        r"\b[rsp]k_(?:live|test)_[A-Za-z0-9]{16,250}|\bwhsec_[A-Za-z0-9+/=]{24,100}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,60}"
    ),
    "REGISTRY_TOKEN": (
        r"\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[A-Za-z0-9_-]{50,500}|\bdckr_pat_[A-Za-z0-9_-]{20,60}|\bdop_v1_[a-f0-9]{64}"
    ),
    "MAIL_KEY": r"\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}|\bkey-[a-f0-9]{32}\b|\b[a-f0-9]{32}-us\d{1,2}\b",
    "JWT": r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,1000}",
    "AGE_KEY": r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}\b",
    "URL_PASSWORD": r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:]{1,100}:(?P<value>[^\s/@]{3,200})@",
    "BEARER": r"\b(?:[Bb]earer|[Bb]asic)\s{1,4}(?P<value2>[A-Za-z0-9+/_.=-]{20,1000})",
}
_HEAD = r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_NAMES = (
    r"(?i:password|passwd|passwort|pwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret"
    r"|private[_-]?key|secret[_-]?key)[\w-]{0,20}[\"']?\s{0,3}(?:=>|:=|=|:)\s{0,3}[\"'`]?"
)
_ANY = compiled(
    r"\b(?:AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|cbt|soat|ft)-|[sprh][kw]-[A-Za-z0-9]|gsk_|xai-|hf_"
    r"|nvapi-|r8_|AIza|GOCSPX|ya29\.|xox[a-z]-|xapp-|[rsp]k_(?:live|test)|whsec_|sq0|npm_|pypi-|dckr_pat|dop_v1|SG\."
    r"|key-[a-f0-9]|eyJ|AGE-SECRET|[Bb]earer\s|[Bb]asic\s+[A-Za-z0-9+/_.=-]{20})|hooks\.slack|[a-f0-9]-us\d"
    r"|://[^\s/@:]+:[^\s/@]+@|-----BEGIN |" + _NAMES
)
"""Whether any secret may be there."""
_SECRET = re.compile("(?a)" + "|".join(f"(?P<{kind}>{form})" for kind, form in _FORMS.items()))
_ASSIGNED = re.compile(_NAMES + r"(?=(?P<named>[^\s\"'`,;<>{}]{8,200}))")
_BLOCK = re.compile(
    _HEAD + r"(?:[^-]{0,16000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s:,.-]{0,16000})"
)
_OPEN = re.compile(_HEAD)
_VALUES = ("value", "value2")
_LEAST_ENTROPY = 3.0
"""Bits a sign of a value that stands after `password:`; words of a language have less."""


class Secrets:
    """Finds keys, tokens, passwords and private keys."""

    reach = 2_048

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Secrets; of one that is named (`password: ...`) or stands in an address, the value alone."""
        if not _ANY.search(text[max(0, start - 64) :] if start else text):
            return []
        found = [Found("PRIVATE_KEY", *match.span()) for match in _BLOCK.finditer(text, start)]
        for match in _SECRET.finditer(text, max(0, start - 64)):
            group = next((name for name in _VALUES if match[name] is not None), 0)
            found.append(Found(_kind(match), *match.span(group)))
        found += (
            Found("PASSWORD", *match.span("named"))
            for match in _ASSIGNED.finditer(text, max(0, start - 64))
            if _random(match["named"])
        )
        return _apart([one for one in found if one.start >= start])

    def settled(self, text: str, start: int) -> int:
        """A private key is open until its end; a name may stand before its value."""
        opened = [match.start() for match in _OPEN.finditer(text, start) if "-----END" not in text[match.end() :]]
        return min(opened[0] if opened else len(text), grouped(text, start))


def _kind(match: re.Match[str]) -> str:
    return next(kind for kind in _FORMS if match[kind] is not None)


def _random(value: str) -> bool:
    """Whether a value looks made up: many different signs, and not of letters alone."""
    if value.isalpha() or value.startswith(("http://", "https://", "$", "[")):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= min(_LEAST_ENTROPY, math.log2(len(value)) - 0.6)


def _apart(found: list[Found]) -> list[Found]:
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept
