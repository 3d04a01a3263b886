"""Change the ask so that it can be answered: a shorter prompt, fewer tokens to write, another way to ask for a rest.

Whatever is changed is said on the trace (`adapted`), and from there in a header.
"""

from collections.abc import Awaitable, Callable

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Route
from headworks.core.policy import ContextStep
from headworks.core.protocols import OpenTrace
from headworks.core.replies import Event
from headworks.dialects.too_long import TooLong
from headworks.providers.context import (
    SUMMARY_TOKENS,
    Fitted,
    fitted,
    known_too_long,
    said_too_long,
    summary_ask,
    summary_text,
    suspect,
    with_summary,
)
from headworks.providers.context.fitting import SURELY
from headworks.providers.pursuit.attempt import Attempt
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.limits import SLOWEST_TOKENS_PER_S, UNSAID_TOKENS
from headworks.providers.pursuit.plans import Plan, Rest
from headworks.providers.pursuit.tools import Tools

FEWEST_TOKENS = 16
"""An answer is not limited to less."""
MOST_SHORTENINGS = 3
"""A prompt that was shortened so often and is still too long is beyond what is known of it."""

Aside = Callable[[Ask], Awaitable[list[Event] | None]]


def may_be_too_long(tools: Tools, route: Route, ask: Ask) -> bool:
    """Whether a prompt is worth counting before it is sent: it is long, and there is something to be done about it."""
    steps = route.policy.context
    if ask.kind != "chat" or not steps or (len(route.targets) == 1 and steps == ("longer",)):
        return False
    window = tools.context_tokens(route.targets[0])
    return window is not None and suspect(ask, window)


class Mending:
    """Mends one call's ask.

    Args:
        tools: What calls share.
        route: Whom may be asked, and the policy.
        course: What was tried.
        trace: The record.
        aside: Asks a model something of our own; None when it does not answer.
    """

    def __init__(self, tools: Tools, route: Route, course: Course, trace: OpenTrace, aside: Aside) -> None:
        self._tools = tools
        self._route = route
        self._course = course
        self._trace = trace
        self._aside = aside
        self._shortened = 0

    async def before(self, plan: Plan) -> None:
        """See whether the prompt is known to be too long for the first model before anything is sent."""
        first = self._route.targets[0]
        told = await known_too_long(plan.ask, first, self._tools.context_tokens(first), self._tools.count)
        if told is not None:
            await self._fit(0, told, plan)

    async def after(self, attempt: Attempt, error: ProviderError, plan: Plan) -> None:
        """See whether the ask can be mended after `attempt` failed so; the course is told who may be asked again."""
        if attempt.ran_out:
            if self._course.alone(attempt.choice):  # else another model may write all of it in time
                self._limit(attempt, plan)
        elif error.code != "context_length_exceeded" or not await self._shorter(attempt, error, plan):
            self._another_way(attempt, error, plan)

    async def _shorter(self, attempt: Attempt, error: ProviderError, plan: Plan) -> bool:
        window = self._tools.context_tokens(attempt.choice.target)
        return await self._fit(attempt.choice.place, said_too_long(error, window), plan)

    async def _fit(self, place: int, told: TooLong, plan: Plan) -> bool:
        """By the steps of the policy, in order: the first that can be taken. Whether there was one."""
        for step in self._route.policy.context:
            if step == "longer":
                if self._move(place, told):
                    self._trace.adapted("moved to a model that reads more")
                    return True
            elif self._shortened < MOST_SHORTENINGS and await self._shorten(step, place, told, plan):
                self._shortened += 1
                self._course.allow(place)
                return True
        return False

    def _move(self, place: int, told: TooLong) -> bool:
        """Turn to the models that are not known to read too little; whether there is one."""
        reads = [self._tools.context_tokens(target) for target in self._route.targets]
        least = max((reads[place] or 0) + 1, int((told.input or 0) / SURELY))
        longer = {other for other, tokens in enumerate(reads) if other != place and (tokens is None or tokens >= least)}
        return self._course.move(longer)

    async def _shorten(self, step: ContextStep, place: int, told: TooLong, plan: Plan) -> bool:
        editor, target = self._tools.editors[plan.ask.dialect], self._route.targets[place]
        spare_tokens = SUMMARY_TOKENS if step == "summarise" else 0
        fit = await fitted(editor, plan.ask, target, told, self._tools.count, spare_tokens=spare_tokens)
        if fit is None:
            return False
        if fit.trim is None:
            self._trace.adapted(f"max_tokens {editor.max_tokens(fit.ask)}")
            plan.ask = fit.ask
            return True
        summary = await self._summary(place, fit, plan) if step == "summarise" else None
        verb = "trimmed" if summary is None else "summarised"
        self._trace.adapted(f"{verb} {len(fit.trim.dropped)} turns")
        plan.ask = fit.ask if summary is None else with_summary(editor, fit, summary)
        return True

    async def _summary(self, place: int, fit: Fitted, plan: Plan) -> str | None:
        """What the turns that are left out said; None when no model sums it up, and then they are only left out."""
        assert fit.trim is not None, "only what is left out is summed up"
        editor = self._tools.editors[plan.ask.dialect]
        target = self._route.targets[place]
        window = self._tools.context_tokens(target)
        question = summary_ask(editor, plan.ask, fit.trim.dropped, target, window)
        if question is None:
            return None
        self._course.allow(place)
        events = await self._aside(question)
        return None if events is None else summary_text(events)

    def _limit(self, attempt: Attempt, plan: Plan) -> None:
        """Ask for what can be written in the time that is left, at most half of what is still to come."""
        left_tokens = int(self._course.left_s() * SLOWEST_TOKENS_PER_S)
        if left_tokens <= 0:
            return
        editor = self._tools.editors[plan.ask.dialect]
        said = plan.said_tokens if isinstance(plan, Rest) else 0
        asked = editor.max_tokens(plan.ask)
        wanted = UNSAID_TOKENS if asked is None else asked - said
        limit = max(FEWEST_TOKENS, min(wanted // 2, left_tokens))
        if limit < wanted:
            plan.ask = editor.limited(plan.ask, said + limit, attempt.choice.target)
            self._trace.adapted(f"max_tokens {said + limit}")
            self._course.allow(attempt.choice.place)

    def _another_way(self, attempt: Attempt, error: ProviderError, plan: Plan) -> None:
        """A target that refuses the way the rest was asked for is asked in another: no mistake of the caller's.

        But a refusal by a content filter is one of what the answer says, however it is asked for.
        """
        of_the_way = not error.retryable and not error.account and error.code != "content_policy_violation"
        if not isinstance(plan, Rest) or attempt.mode is None or not of_the_way:
            return
        if error.code == "prefill_rejected":
            target = attempt.choice.target
            self._tools.no_prefill.add((target.provider, target.provider_model))
        plan.failed(attempt.choice, attempt.mode)
        self._course.allow(attempt.choice.place)
