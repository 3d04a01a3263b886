"""A stream that is cut at any token, of text in any script, reads as if it had not been; seams are marked."""

import pytest

from headworks.testing import Recipe
from headworks.testing.answer import split

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
RHYTHM = "rhythm"
TEXTS = {
    "latin": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, naïvement, à la façon d'un café crème.",
    "cyrillic and greek": "Съешь же ещё этих мягких французских булок. Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "han and kana": "敏捷的棕色狐狸跳过懒狗。 いろはにほへと ちりぬるを わかよたれそ つねならむ うゐのおくやま",
    "from right to left": "نص حكيم له سر قاطع وذو شأن عظيم. דג סקרן שט בים מאוכזב ולפתע מצא חברה, ואז שחה הלאה.",
    "indic and thai": "ऋषियों को सताने वाले दुष्ट राक्षसों के राजा। เป็นมนุษย์สุดประเสริฐเลิศคุณค่า กว่าบรรดาฝูงสัตว์",
    "emoji": "Family 👩‍👩‍👧‍👦, flags 🇪🇺🇯🇵, skin 👍🏽👍🏿, keys 1️⃣2️⃣, hearts ❤️‍🔥 and e\u0301 a\u0308 combined — done ✅.",
    "code": "def f(x):\n    if x:\n        return {'a': [1, 2]}\n\n\n    # done\n\treturn None  # two  blanks\n",
    RHYTHM: "ha ha ha ha ha, said she; ha ha ha, said he, and the bells went ding dong ding dong ding dong.",
}


@pytest.fixture(autouse=True)
def _features(house):
    house.add(features="again: {model: openai, resume: {mode: restart}}")
    house.forget()


def stream(house, client, model, text, cut, feature):
    house.fake.script([Recipe(text=text, cut_after_tokens=cut), Recipe(text=text)])
    return house.chat(client, model, stream=True, feature=feature)


def finishes(answer):
    return [
        reason
        for event in answer.events
        for reason in (
            *(choice.get("finish_reason") for choice in event.get("choices") or []),
            (event.get("delta") or {}).get("stop_reason"),
        )
        if reason
    ]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_told_anew_every_joined_text_is_the_uncut_one(house, client, model, text):
    for cut in range(len(split(text)) + 1):
        answer = stream(house, client, model, text, cut, "again")
        assert answer.text == text, f"cut after {cut} tokens"
        assert len(finishes(answer)) == 1
        assert answer.body.count(b": headworks-seam ") == (cut > 0)
        house.forget()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", [script for script in TEXTS if script != RHYTHM])
def test_gone_on_with_the_seam_is_marked_and_nothing_is_lost(house, client, model, script):
    """Where a text has a rhythm, a model that repeats and one that goes on cannot be told apart."""
    text = TEXTS[script]
    for cut in range(1, len(split(text)), 3):
        answer = stream(house, client, model, text, cut, "kept")
        assert answer.text == text, f"cut after {cut} tokens"
        assert len(finishes(answer)) == 1
        assert answer.body.count(b": headworks-seam ") == 1
        house.forget()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
def test_characters_that_arrive_in_halves_are_whole(house, client, model):
    text = TEXTS["emoji"]
    for cut in range(0, len(split(text)), 4):
        house.fake.script(
            [Recipe(text=text, cut_after_tokens=cut, split_utf8=True), Recipe(text=text, split_utf8=True)]
        )
        answer = house.chat(client, model, stream=True, feature="again")
        assert answer.text == text, f"cut after {cut} tokens"
        house.forget()
