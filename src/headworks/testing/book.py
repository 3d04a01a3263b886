"""Which recipe a call gets: named by the call itself, else the next of the script, else a standing one, else good."""

import random
from collections import Counter, deque
from collections.abc import Iterable

from msgspec import Struct

from headworks.testing.recipe import GOOD, SHIPPED, Recipe, read_recipe

MODEL_PREFIX = "fake/"


class Asked(Struct, frozen=True, kw_only=True):
    """What decides which recipe a call gets.

    Attributes:
        model: The model asked for.
        stream: A stream is wanted.
        key: The key shown; empty for none.
        about: What the user asks, which is the same when the call is made again or goes on with a begun answer.
        named: The recipe that the call itself names, as a name or JSON; None when it names none.
    """

    model: str
    stream: bool = False
    key: str = ""
    about: str = ""
    named: str | None = None


class Turn:
    """A recipe and how many calls it may still be applied to."""

    def __init__(self, recipe: Recipe, times: int | None) -> None:
        self._recipe = recipe
        self._left = times
        self._given: Counter[int] = Counter()

    @property
    def over(self) -> bool:
        """True when it has been applied as often as it may."""
        return self._left == 0

    def fits(self, asked: Asked) -> bool:
        """True when its conditions hold for a call."""
        recipe = self._recipe
        return (
            recipe.for_key in (None, asked.key)
            and recipe.for_model in (None, asked.model)
            and recipe.for_stream in (None, asked.stream)
            and (recipe.times_each is None or self._given[hash(asked.about)] < recipe.times_each)
        )

    def spend(self, asked: Asked) -> Recipe:
        """Apply it once, whatever its probability."""
        if self._left is not None:
            self._left -= 1
        if self._recipe.times_each is not None:
            self._given[hash(asked.about)] += 1
        return self._recipe

    def take(self, asked: Asked, rng: random.Random) -> Recipe | None:
        """The recipe, if it is for this call, has turns left and the dice fall so."""
        if self.over or not self.fits(asked):
            return None
        if self._recipe.probability < 1 and rng.random() >= self._recipe.probability:
            return None
        return self.spend(asked)


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

    def pick(self, asked: Asked) -> Recipe:
        """The recipe for a call.

        Raises:
            UnknownRecipeError: The call names a recipe that there is not.
        """
        if asked.named is not None:
            return self._as_asked(asked.named, asked)
        if asked.model.startswith(MODEL_PREFIX):
            return self._as_asked(asked.model.removeprefix(MODEL_PREFIX), asked)
        for turn in self._script:
            if turn.fits(asked):
                return self._of_script(turn, asked)
        for turn in self._standing:
            if recipe := turn.take(asked, self._rng):
                return recipe
        return GOOD

    def _of_script(self, turn: Turn, asked: Asked) -> Recipe:
        recipe = turn.spend(asked)
        if turn.over:
            self._script.remove(turn)
        return recipe if recipe.probability >= 1 or self._rng.random() < recipe.probability else GOOD

    def _as_asked(self, text: str, asked: Asked) -> Recipe:
        recipe = self._known(text)
        if recipe.times is not None or recipe.times_each is not None:  # only these need to be remembered
            turn = self._asked.setdefault(text, Turn(recipe, recipe.times))
        else:
            turn = Turn(recipe, None)
        return turn.take(asked, self._rng) or GOOD

    def _known(self, recipe: Recipe | str) -> Recipe:
        return read_recipe(recipe, self.named) if isinstance(recipe, str) else recipe
