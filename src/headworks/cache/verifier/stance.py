"""Read how an answer begins: yes, no, or a refusal. English, German, French, Spanish, Italian, Portuguese."""

import re

_FIRST_WORD = re.compile(r"\W*(\w+)")
_YES = frozenset({"yes", "yeah", "yep", "correct", "true", "indeed", "absolutely", "ja", "oui", "sí", "sì", "sim"})
_NO = frozenset({"no", "nope", "incorrect", "false", "nein", "non", "não"})
_LEAD_CHARS = 200
_REFUSAL = re.compile(
    r"\b(?:i(?:'m| am) (?:sorry,? (?:but\b|i )|unable|not able)"
    r"|i (?:can(?:'|no)t|can not|won't|will not|could not|couldn't|must decline)\b|as an ai\b"
    r"|i (?:don't|do not) (?:know|have (?:access|information|enough|real))"
    r"|ich kann (?:leider |ihnen |dir )?nicht|je ne peux pas|no puedo|non posso|não posso"
    r"|tut mir leid, aber|désolée?, mais|lo siento, pero|mi dispiace, ma|desculpe, mas)"
)
"""Sorry alone is no refusal: support begins many an answer with it."""


def polarity(text: str) -> str:
    """`yes` or `no` for an answer that begins so, else empty."""
    found = _FIRST_WORD.match(text[:_LEAD_CHARS])
    word = found[1].casefold() if found else ""
    return "yes" if word in _YES else "no" if word in _NO else ""


def refuses(text: str) -> bool:
    """Whether an answer begins by saying that it gives none."""
    return _REFUSAL.search(text[:_LEAD_CHARS].casefold().replace("\u2019", "'")) is not None
