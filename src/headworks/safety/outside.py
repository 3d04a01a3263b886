"""Asks classifiers outside: a moderation endpoint, a judge model, a library with a model. Each has its own deadline.

A classifier is a callable that the composition root plugs in under the name that the config uses. What it cannot say in
time counts as the check's `on_error` says: refused, or let pass; both are on the record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from headworks.core.errors import HeadworksError
from headworks.safety.acting import Actor
from headworks.safety.policy import Also, Outside
from headworks.safety.verdicts import Found, Side


class Opinion(Struct, frozen=True):
    """What a classifier thinks of a text.

    Attributes:
        score: From 0, harmless, to 1.
        kind: What it is, a short constant of the classifier's own.
    """

    score: float
    kind: str = "OUTSIDE"


Classifier = Callable[[str, Side], Awaitable[Opinion]]
"""Judges a text. May raise HeadworksError, OSError or TimeoutError when it cannot. Personal data that is covered for
the model is covered for it, too."""


Finder = Callable[[str], Awaitable[list[Found]]]
"""Finds personal data that has no form of its own, such as names. May raise what a classifier may."""


async def found_also(
    also: Also, finders: Mapping[str, Finder], texts: Sequence[str], actor: Actor
) -> dict[str, list[Found]]:
    """What the finders outside find in each text.

    Raises:
        RefusedError: One could not be asked, and the check fails closed.
    """
    found: dict[str, list[Found]] = {}
    for name in also.names:
        finder = finders.get(name)
        if finder is None:
            actor.failed(also.check.name, "not_connected", shadow=also.check.shadow, open_=also.check.open)
            continue
        error = ""
        try:
            async with asyncio.timeout(also.deadline_s):
                for text in texts:
                    found.setdefault(text, []).extend(await finder(text))
        except TimeoutError:
            error = "deadline_exceeded"
        except HeadworksError as failure:
            error = failure.code
        except OSError as failure:
            error = type(failure).__name__
        if error:
            actor.failed(also.check.name, error, shadow=also.check.shadow, open_=also.check.open)
    return found


class Panel:
    """The classifiers of one side of one call.

    Args:
        checks: Those that the policy names.
        classifiers: What is plugged in, by name.
        actor: Acts on what they say.
        side: Of what the texts are.
    """

    def __init__(
        self, checks: Sequence[Outside], classifiers: Mapping[str, Classifier], actor: Actor, side: Side
    ) -> None:
        self._checks = [check for check in checks if side in check.sides]
        self._classifiers = classifiers
        self._actor = actor
        self._side: Side = side
        self.window = min((check.window for check in self._checks), default=0)

    def __bool__(self) -> bool:
        return bool(self._checks)

    async def judge(self, text: str) -> None:
        """Ask all of them at once.

        Raises:
            RefusedError: One blocks, or could not be asked and fails closed.
        """
        if not text.strip():
            return
        opinions = await asyncio.gather(*(self._ask(check, text) for check in self._checks))
        for check, opinion in zip(self._checks, opinions, strict=True):
            if isinstance(opinion, str):
                self._actor.failed(check.name, opinion, shadow=check.shadow, open_=check.open)
            elif opinion.score >= check.threshold:
                blocks = check.action == "block"
                self._actor.opinion(check.name, opinion.kind, opinion.score, blocks=blocks, shadow=check.shadow)

    async def _ask(self, check: Outside, text: str) -> Opinion | str:
        """An opinion, or what kept it from being given."""
        classifier = self._classifiers.get(check.name)
        if classifier is None:
            return "not_connected"
        try:
            async with asyncio.timeout(check.deadline_s):
                return await classifier(text, self._side)
        except TimeoutError:
            return "deadline_exceeded"
        except HeadworksError as error:
            return error.code
        except OSError as error:
            return type(error).__name__
