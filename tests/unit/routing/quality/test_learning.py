"""What models are good at is learned from outcomes, calibrated, and comes back from its file."""

from pathlib import Path

import pytest

from headworks.core.errors import BadAskError
from headworks.routing.quality import Predictor, predictor
from headworks.routing.quality.dense import with_vectors
from headworks.routing.quality.learning import TooFewError, learn, parts
from headworks.routing.quality.outcomes import Outcome, models_of, read_outcomes
from headworks.routing.quality.predictor import Skills
from headworks.routing.quality.stored import load_skills, save_skills
from headworks.routing.types.weights import WeightsError

OUTCOMES = [
    Outcome(
        f"{'prove the lemma' if n % 2 else 'what is the capital of'} {n}", {"cheap": 1 - n % 2, "strong": n % 7 > 0}
    )
    for n in range(300)
]


@pytest.fixture(scope="module")
def skills() -> Skills:
    return learn(parts(OUTCOMES), ("cheap", "strong"), name="test")


def test_what_a_model_is_good_at_is_foreseen(skills: Skills) -> None:
    easy, hard = (Predictor(skills).chances(f"{text} 999") for text in ("what is the capital of", "prove the lemma"))
    assert easy["cheap"].lower > 0.8
    assert hard["cheap"].mean < 0.2
    assert all(chance.lower <= chance.mean for chance in (*easy.values(), *hard.values()))


def test_vectors_have_a_say_when_they_are_there(skills: Skills) -> None:
    vectors = {one.text: [0.0, 1.0] if "prove" in one.text else [1.0, 0.0] for one in OUTCOMES}
    both = Predictor(with_vectors(skills, parts(OUTCOMES), vectors, "toy"))
    text = "something that was never said"
    assert both.scores(text, [1.0, 0.0])["cheap"] > both.scores(text, [0.0, 1.0])["cheap"]
    assert both.chances(text, [1.0, 0.0])["cheap"].mean >= both.chances(text, [0.0, 1.0])["cheap"].mean
    assert both.scores(text) == Predictor(skills).scores(text)


def test_the_file_brings_back_what_was_learned(skills: Skills, tmp_path: Path) -> None:
    save_skills(skills, tmp_path / "q")
    assert load_skills(tmp_path / "q") == skills
    found = predictor(tmp_path / "q", lambda _: None)
    assert found is not None
    assert found.models == ("cheap", "strong")


def test_a_missing_or_strange_file_is_reported(skills: Skills, tmp_path: Path) -> None:
    said = list[str]()
    assert predictor(tmp_path / "none", said.append) is None
    assert "without a forecast" in said[0]
    save_skills(Skills(name="empty", models=()), tmp_path / "empty")
    with pytest.raises(WeightsError, match="sizes"):
        load_skills(tmp_path / "empty")


def test_too_few_outcomes_and_outcomes_that_are_all_alike_are_refused() -> None:
    with pytest.raises(TooFewError, match="100 and more"):
        learn(parts(OUTCOMES[:50]), ("cheap",))
    with pytest.raises(TooFewError, match="the same"):
        learn(parts([Outcome(str(n), {"a": 1.0}) for n in range(200)]), ("a",))


def test_outcomes_are_read_from_both_kinds_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text('{"text":"a","good":{"x":1,"y":0.5}}\n{"text":"a","model":"z","good":0}\n\n')
    assert read_outcomes(path) == [Outcome("a", {"x": 1.0, "y": 0.5, "z": 0.0})]
    assert models_of(read_outcomes(path)) == ("z", "y", "x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no outcomes"),
        ("nonsense", ":1:"),
        ('{"text":"a","good":1}', "whose"),
        ('{"text":"a","good":{"x":2}}', "from 0 to 1"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "o").write_text(content)
    with pytest.raises(BadAskError, match=said):
        read_outcomes(tmp_path / "o")


def test_one_model_leaves_nothing_to_choose() -> None:
    with pytest.raises(BadAskError, match="Fewer than two"):
        models_of([Outcome("a", {"x": 1.0})])
    with pytest.raises(BadAskError, match="cannot be read"):
        read_outcomes(Path("/nowhere/at/all"))
