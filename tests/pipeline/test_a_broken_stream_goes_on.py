"""A stream that breaks off is gone on with: the reader sees one whole answer, and every attempt is on the record."""

import pytest

from headworks.testing import Recipe

CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini"]
WORDS = (
    "The quick brown fox jumps over the lazy dog. Быстрая лиса прыгает. 敏捷的棕色狐狸。 👩‍👩‍👧‍👦🇪🇺 naïve café — "
    "तेज़ भूरी लोमड़ी\n\n  indented,  doubled blanks and a last word"
)
BREAKS = {
    "closed": {"cut_after_tokens": 9},
    "reset": {"reset_after_tokens": 9},
    "malformed": {"malformed_after_tokens": 9},
    "error event": {"error_after_tokens": 9},
}


def kept(house, client, model, **fields):
    return house.chat(client, model, stream=True, feature="kept", **fields)


def seams(answer):
    return [line for line in answer.body.decode().split("\n") if line.startswith(": headworks-seam ")]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("fault", BREAKS.values(), ids=BREAKS)
def test_the_reader_sees_one_whole_answer(house, client, model, fault):
    house.fake.script([Recipe(text=WORDS, **fault), Recipe(text=WORDS)])
    answer = kept(house, client, model)
    assert answer.text == WORDS
    assert len(seams(answer)) == 1
    record = house.record(answer)
    assert (record["status"], record["finish_reason"]) == ("ok", "stop")
    first, second = record["attempts"]
    assert (first["status"], first["error_code"] is not None, first["tokens"] > 0) == ("failed", True, True)
    assert (second["status"], second["mode"] is not None, second["tokens"] > 0) == ("ok", True, True)
    assert record["cost_nano"] == first["cost_nano"] + second["cost_nano"] > 0
    house.fake.expect(2)
