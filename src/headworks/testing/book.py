"""Which recipe a call gets: named by the call itself, else the next of the script, else a standing one, else good."""

import random
from collections import deque
from collections.abc import Iterable

from headworks.testing.recipe import GOOD, SHIPPED, Recipe, read_recipe

MODEL_PREFIX = "fake/"


class Turn:
    """A recipe and how many calls it may still be applied to."""

    def __init__(self, recipe: Recipe, times: int | None) -> None:
        self._recipe = recipe
        self._left = times

    @property
    def over(self) -> bool:
        """True when it has been applied as often as it may."""
        return self._left == 0

    def spend(self) -> Recipe:
        """Apply it once, whatever its probability."""
        if self._left is not None:
            self._left -= 1
        return self._recipe

    def take(self, rng: random.Random) -> Recipe | None:
        """The recipe, if it has turns left and the dice fall so."""
        if self.over or (self._recipe.probability < 1 and rng.random() >= self._recipe.probability):
            return None
        return self.spend()


class RecipeBook:
    """All recipes of one fake.

    Args:
        rng: Throws the dice for `probability`; give a seeded one for the same faults in each run.
    """

    def __init__(self, rng: random.Random) -> None:
        self.named = dict(SHIPPED)
        self._rng = rng
        self._standing: list[Turn] = []
        self._script: deque[Turn] = deque()
        self._asked: dict[str, Turn] = {}

    def stand(self, recipes: Iterable[Recipe | str]) -> None:
        """Replace the standing recipes: the first that has turns left and whose dice fall applies to a call."""
        known = [self._known(recipe) for recipe in recipes]
        self._standing = [Turn(recipe, recipe.times) for recipe in known]

    def script(self, recipes: Iterable[Recipe | str]) -> None:
        """Replace the script: the next calls get these, in turn."""
        known = [self._known(recipe) for recipe in recipes]
        self._script = deque(Turn(recipe, recipe.times or 1) for recipe in known)

    def pick(self, header: str | None, model: str) -> Recipe:
        """The recipe for a call with this `x-fake-recipe` header and this model.

        Raises:
            UnknownRecipeError: The call names a recipe that there is not.
        """
        if header is not None:
            return self._as_asked(header)
        if model.startswith(MODEL_PREFIX):
            return self._as_asked(model.removeprefix(MODEL_PREFIX))
        if self._script:
            return self._next_of_script()
        for turn in self._standing:
            if recipe := turn.take(self._rng):
                return recipe
        return GOOD

    def _next_of_script(self) -> Recipe:
        turn = self._script[0]
        recipe = turn.spend()
        if turn.over:
            self._script.popleft()
        return recipe if recipe.probability >= 1 or self._rng.random() < recipe.probability else GOOD

    def _as_asked(self, text: str) -> Recipe:
        recipe = self._known(text)
        if recipe.times is not None:  # only these need to be remembered
            turn = self._asked.setdefault(text, Turn(recipe, recipe.times))
        else:
            turn = Turn(recipe, None)
        return turn.take(self._rng) or GOOD

    def _known(self, recipe: Recipe | str) -> Recipe:
        return read_recipe(recipe, self.named) if isinstance(recipe, str) else recipe
