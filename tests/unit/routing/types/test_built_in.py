"""The built-in classifier and its file of weights."""

from pathlib import Path

import pytest

from headworks.routing.types import built_in
from headworks.routing.types.features import SIZE, features
from headworks.routing.types.linear import SHIPPED
from headworks.routing.types.logistic import Example, best_temperature, fit, softmax
from headworks.routing.types.weights import Row, Weights, WeightsError, load_weights, row, rows, save


def ignore(reason: str) -> None:
    raise AssertionError(reason)


def weights(types: tuple[str, ...] = ("a", "b"), size: int = SIZE) -> Weights:
    return Weights(name="test", types=types, rows=(Row(bytes(size), 1.0, 0.0),) * 2, temperature=1.0)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("where is my card", "simple"),
        ("please wake me up at six tomorrow", "simple"),
        ("Write a Python function that merges two sorted lists.", "code"),
        ("Tom has 3 apples and buys 4 bags of 12. He eats half. How many apples are left?", "reasoning"),
    ],
)
def test_the_shipped_weights_tell_plain_cases(text: str, kind: str) -> None:
    classifier = built_in(ignore)
    assert classifier is not None
    shares = classifier.guess_now(text).shares
    assert max(shares, key=lambda name: shares[name]) == kind


def test_the_shipped_weights_know_difficulty() -> None:
    classifier = built_in(ignore)
    assert classifier is not None
    difficulty = classifier.guess_now("Find the degree of the field extension.").difficulty
    assert difficulty is not None
    assert 0 < difficulty < 1


def test_the_shipped_file_is_compact() -> None:
    assert SHIPPED.stat().st_size < 250_000


@pytest.mark.parametrize("content", [None, b"", b"headworks-routing-weights 99\nx", b"headworks-routing-weights 1\nx"])
def test_without_usable_weights_there_is_no_classifier_and_it_is_reported(
    content: bytes | None, tmp_path: Path
) -> None:
    path, said = tmp_path / "w", list[str]()
    if content is not None:
        path.write_bytes(content)
    assert built_in(said.append, path) is None
    assert "rules alone" in said[0]


def test_weights_come_back_as_they_were_saved(tmp_path: Path) -> None:
    save(weights(), tmp_path / "w")
    assert load_weights(tmp_path / "w") == weights()


def test_weights_whose_sizes_do_not_fit_are_refused(tmp_path: Path) -> None:
    for wrong in (weights(("a", "b", "c")), weights(size=7)):
        save(wrong, tmp_path / "w")
        with pytest.raises(WeightsError, match="sizes"):
            load_weights(tmp_path / "w")


def test_what_is_learned_is_found_again() -> None:
    texts = [(f"red apple {n}", 0) for n in range(30)] + [(f"blue whale {n}", 1) for n in range(30)]
    fitted = fit([Example(features(text), [1.0 - kind, float(kind)]) for text, kind in texts])
    scores = [one.score(features("a blue thing")) for one in rows(fitted)]
    assert softmax(scores)[1] > 0.7
    assert fit([Example(features(text), [1.0 - kind, float(kind)]) for text, kind in texts]).rows == fitted.rows


def test_nothing_can_be_learned_from_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        fit([])


def test_a_byte_for_a_weight_is_close_to_the_weight() -> None:
    exact = [0.0] * SIZE
    exact[5], exact[9] = 1.27, -0.4
    stored = row(exact, 0.5)
    assert stored.score([5, 9]) == pytest.approx(0.5 + (1.27 - 0.4) / 2**0.5, abs=0.01)
    assert stored.score([9]) == pytest.approx(0.1, abs=0.01)
    assert stored.score([]) == 0.5


def test_an_overconfident_classifier_gets_a_higher_temperature() -> None:
    wrong_at_times = [([4.0, 0.0], 0)] * 6 + [([4.0, 0.0], 1)] * 4
    assert best_temperature(wrong_at_times) > 3
    assert best_temperature([]) == 1.0
