"""Change the ask so that it can be answered: fewer tokens for one that ran out of time, another way to ask for a rest.

Whatever is changed is said on the trace (`adapted`), and from there in a header.
"""

from headworks.core.errors import ProviderError
from headworks.core.messages import Route
from headworks.core.protocols import OpenTrace
from headworks.providers.pursuit.attempt import Attempt
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.limits import SLOWEST_TOKENS_PER_S, UNSAID_TOKENS
from headworks.providers.pursuit.plans import FEWEST_TOKENS, Plan, Rest
from headworks.providers.pursuit.tools import Tools


class Mending:
    """Mends one call's ask.

    Args:
        tools: What calls share.
        route: Whom may be asked, and the policy.
        course: What was tried.
        trace: The record.
    """

    def __init__(self, tools: Tools, route: Route, course: Course, trace: OpenTrace) -> None:
        self._tools = tools
        self._route = route
        self._course = course
        self._trace = trace

    async def after(self, attempt: Attempt, error: ProviderError, plan: Plan, *, ran_out: bool) -> None:
        """See whether the ask can be mended after `attempt` failed so; the course is told who may be asked again."""
        if ran_out:
            self._limit(attempt, plan)
        elif isinstance(plan, Rest) and attempt.mode is not None and not error.retryable and not error.account:
            self._another_way(attempt, error, plan)

    def _limit(self, attempt: Attempt, plan: Plan) -> None:
        """Ask for what can be written in the time that is left, at most half of what was asked for."""
        editor = self._tools.editors[plan.ask.dialect]
        asked = editor.max_tokens(plan.ask) or UNSAID_TOKENS
        limit = max(FEWEST_TOKENS, min(asked // 2, int(self._course.left_s() * SLOWEST_TOKENS_PER_S)))
        if limit < asked:
            plan.ask = editor.limited(plan.ask, limit)
            self._trace.adapted(f"max_tokens {limit}")
            self._course.allow(attempt.choice.place)

    def _another_way(self, attempt: Attempt, error: ProviderError, plan: Rest) -> None:
        """A target that refuses the way the rest was asked for is asked in another: no mistake of the caller's."""
        assert attempt.mode is not None, "only the rest of an answer is asked for in a mode"
        if error.code == "prefill_rejected":
            target = attempt.choice.target
            self._tools.no_prefill.add((target.provider, target.provider_model))
        plan.failed(attempt.choice, attempt.mode)
        self._course.allow(attempt.choice.place)
