"""Tell a language by its script, where the script tells it."""

import re

_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af\u1100-\u11ff]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "thai": re.compile("[\u0e00-\u0e7f]"),
    "indic": re.compile("[\u0900-\u0dff]"),
    "other": re.compile("[\u0530-\u058f\u0700-\u08ff\u0e80-\u10ff\u1200-\u1cff\ua000-\uabff\U00010000-\U0001ffff]"),
}
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_SAMPLE = 4_000


def script(text: str) -> str:
    """Name of the script that a text is mostly in; empty for Latin, and where there are no letters."""
    if text.isascii():
        return ""
    sample = text[:_SAMPLE]
    counts = {name: len(letters.findall(sample)) for name, letters in _SCRIPTS.items()}
    name, most = max(counts.items(), key=lambda item: item[1])
    if 3 * most <= len(_LATIN.findall(sample)):
        return ""
    return "ja" if counts["ja"] and name == "zh" else name
