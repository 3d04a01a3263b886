"""One form for what looks the same: small letters, no invisible signs, Latin letters for their doubles.

The doubles are the letters of Unicode's confusables that stand for a Latin letter and occur in ordinary fonts alike
(unicode.org/Public/security, confusables.txt).
"""

import re
import unicodedata
from functools import lru_cache

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]"
)
_DOUBLES = str.maketrans("авсԁеѕһіјкӏмнорԛгтυѵԝхуᴢαβεικνορτυχγ", "abcdeshijklmhopqrtuvwxyzabeikvoptuxy")
_LEET = str.maketrans("013457@$", "oieastas")


def plain(text: str) -> str:
    """The text as it looks: full-width and styled letters are plain, doubles are Latin, what is invisible is gone."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", INVISIBLE.sub("", text))


@lru_cache(maxsize=16_384)
def folded(word: str) -> str:
    """A word as it is compared."""
    if not word.isascii():
        word = plain(word)
    word = word.casefold().strip("@$")
    if not word.isascii() and any("a" <= sign <= "z" for sign in word):
        word = word.translate(_DOUBLES)
    if not word.isalpha() and not word.isdigit() and any("a" <= sign <= "z" for sign in word):
        word = word.translate(_LEET)
    return word
