"""The cheapest model that is good enough is taken."""

import pytest

from headworks.routing.quality import Candidate, Chance, choose

CHEAP, STRONG = Candidate("cheap", 10), Candidate("strong", 100)
CHANCES = {"cheap": Chance(0.85, 0.8), "strong": Chance(0.95, 0.92)}


@pytest.mark.parametrize(
    ("target", "model", "cleared"), [(0.7, "cheap", True), (0.81, "strong", True), (0.99, "strong", False)]
)
def test_the_cheapest_whose_lower_bound_is_enough(target: float, model: str, *, cleared: bool) -> None:
    choice = choose([STRONG, CHEAP], CHANCES, target)
    assert (choice.model, choice.cleared) == (model, cleared)


def test_a_model_of_which_nothing_was_learned_is_taken_only_when_there_is_no_other() -> None:
    unknown = Candidate("new", 1)
    assert choose([unknown, STRONG], CHANCES, 0.99).model == "strong"
    assert choose([unknown], CHANCES, 0.5).model == "new"
    assert choose([unknown], CHANCES, 0.5).chance is None


def test_an_unpriced_model_counts_as_dearest() -> None:
    assert choose([Candidate("strong", None), CHEAP], CHANCES, 0.5).model == "cheap"


def test_without_a_model_there_is_no_choice() -> None:
    with pytest.raises(ValueError, match="no model"):
        choose([], CHANCES, 0.5)
