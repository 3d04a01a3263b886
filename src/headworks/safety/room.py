"""The safety room: gives each call the filters of its feature, and counts what they find.

A feature without a policy costs a look into a table.
"""

from collections.abc import Mapping

from headworks.core.messages import Ask, Route
from headworks.core.replies import Reply
from headworks.safety.acting import Note
from headworks.safety.counts import Counts
from headworks.safety.guard import Guard
from headworks.safety.outside import Classifier, Finder
from headworks.safety.policy import Policy
from headworks.safety.verdicts import Verdict


class Unguarded:
    """A call that nothing is checked of."""

    async def before(self, ask: Ask) -> Ask:
        """The ask."""
        return ask

    def after(self, reply: Reply) -> Reply:
        """The reply."""
        return reply


_UNGUARDED = Unguarded()


class Safety:
    """Filters before and after the model.

    Args:
        policies: Policy by feature; features without one are missing.
        classifiers: Classifiers outside, by the name that policies use.
        finders: Finders of personal data outside, by name.

    Attributes:
        counts: What was found, for metrics.
    """

    def __init__(
        self,
        policies: Mapping[str, Policy],
        classifiers: Mapping[str, Classifier] | None = None,
        finders: Mapping[str, Finder] | None = None,
    ) -> None:
        self._finders = finders or {}
        self._policies = policies
        self._classifiers = classifiers or {}
        self.counts = Counts()

    def guard(self, route: Route, note: Note) -> Guard | Unguarded:
        """The filters of a call; `note` is told each verdict, for its record."""
        policy = self._policies.get(route.feature)
        if policy is None:
            return _UNGUARDED
        counts = self.counts

        def told(verdict: Verdict) -> None:
            counts.add(route.feature, verdict)
            note(verdict)

        return Guard(policy, self._classifiers, self._finders, told)

    def version(self, feature: str) -> str:
        """Version of a feature's policy, for cache keys; empty where there is none."""
        policy = self._policies.get(feature)
        return "" if policy is None else policy.version
