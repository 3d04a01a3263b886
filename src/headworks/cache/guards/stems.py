"""Cut a word down to what its forms share. Light, made for English, harmless elsewhere: it only takes endings off.

Invariant: pure; the same word always gives the same stem. Two words with one stem are taken for one, so it cuts little.
"""

_FORMS = """
    men:man women:woman children:child feet:foot teeth:tooth mice:mouse lives:life wives:wife knives:knife
    went:go gone:go goes:go going:go bought:buy sold:sell won:win lost:lose losing:lose made:make making:make
    taken:take took:take taking:take written:write wrote:write writing:write spoke:speak spoken:speak thought:think
    taught:teach caught:catch found:find built:build sent:send spent:spend kept:keep left:leave leaving:leave
    felt:feel met:meet paid:pay said:say told:tell understood:understand began:begin begun:begin broke:break
    broken:break chose:choose chosen:choose drove:drive driven:drive ate:eat eaten:eat fell:fall fallen:fall
    flew:fly flown:fly forgot:forget forgotten:forget gave:give given:give grew:grow grown:grow knew:know known:know
    ran:run running:run saw:see seen:see sang:sing sung:sing slept:sleep stole:steal stolen:steal swam:swim
    threw:throw thrown:throw wore:wear worn:wear became:become came:come coming:come dying:die lying:lie died:die
    tied:tie lied:lie dies:die ties:tie lies:lie better:good data:data news:news using:use used:use
"""
_IRREGULAR = dict(pair.split(":") for pair in _FORMS.split())


def stem(word: str) -> str:
    """The stem of a lower-case word."""
    length = len(word)
    if length < 4:
        return word
    known = _IRREGULAR.get(word)
    if known is not None:
        return known
    if word[-1] == "s" and word[-2] not in "sui":
        word = word[:-3] + "y" if word.endswith("ies") else word[:-1]
    elif word.endswith("sses"):
        word = word[:-2]
    if word.endswith("ing") and length > 5:
        word = _undouble(word[:-3])
    elif word.endswith("ed") and length > 4:
        word = _undouble(word[:-2])
    elif word.endswith("ly") and length > 5:
        word = word[:-2]
    if word[-1] == "e" and len(word) > 3:
        return word[:-1]
    if word[-1] == "y" and len(word) > 3:
        return word[:-1] + "i"
    return word


def _undouble(word: str) -> str:
    """`runn` is `run`; `fall` stays."""
    if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bdgmnprt":
        return word[:-1]
    return word
