"""The course of a call on a fake clock: real breakers, limiters and throttles, and no provider."""

import itertools
import random

import pytest

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Prompt, Route, Target
from headworks.core.policy import Patience, Policy
from headworks.providers.health import (
    Health,
    Latencies,
    Limiter,
    LimiterSettings,
    LocalBoard,
    RetryThrottle,
    ThrottleSettings,
)
from headworks.providers.link import Link
from headworks.providers.outbound.http import Outbound
from headworks.providers.pursuit.course import Course
from headworks.providers.pursuit.tools import Choice, Standing, Tools
from headworks.testing import FakeClock


class Dice(random.Random):
    """Always the same side: 0 the lowest, 1 the highest."""

    def __init__(self, side: float) -> None:
        super().__init__(0)
        self.side = side

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.side


class Bench:
    """Providers as a test wants them, and calls to them.

    Args:
        route: Provider of each target.
        providers: By name: number of keys, calls at once, retry tokens. One key and plenty where nothing is said.
        side: Of the dice.
    """

    def __init__(
        self, *route: str, providers: dict[str, tuple[int, int, int]] | None = None, side: float = 0.0
    ) -> None:
        self.clock = FakeClock()
        self.health = Health(self.clock, LocalBoard())
        known = dict.fromkeys(route, (1, 100, 100)) | (providers or {})
        self.targets = tuple(
            Target(name=f"model-{place}", provider=name, provider_model=f"m{place}", dialect="openai")
            for place, name in enumerate(route)
        )
        self.limiters = {
            name: Limiter(name, self.clock, LimiterSettings(most=room)) for name, (_, room, _) in known.items()
        }
        throttles = {name: RetryThrottle(ThrottleSettings(tokens=tokens)) for name, (_, _, tokens) in known.items()}
        self.tools = Tools(
            links={
                name: Link(
                    name=name, dialect="openai", base_url="http://x", keys=tuple(f"key-{n}" for n in range(keys))
                )
                for name, (keys, _, _) in known.items()
            },
            dialects={},
            editors={},
            outbound=Outbound(),
            launchers={},
            health=self.health,
            standings={name: Standing(self.limiters[name], throttles[name]) for name in known},
            turns={name: itertools.cycle(range(keys)) for name, (keys, _, _) in known.items()},
            latencies=Latencies(),
            count=None,  # type: ignore[arg-type]  nothing is counted here
            context_tokens=lambda target: None,
            clock=self.clock,
            rng=Dice(side),
            no_prefill=set(),
        )

    def course(self, policy: Policy | None = None, **ask: object) -> Course:
        """The course of a new call."""
        said = Ask(
            trace_id="0" * 32,
            dialect="openai",
            kind="chat",
            model="m",
            fields={},
            read_prompt=lambda: Prompt(messages=()),
            **ask,  # type: ignore[arg-type]
        )
        route = Route(feature="f", query_type="q", targets=self.targets, policy=policy or Policy())
        return Course(self.tools, said, route, Patience())

    def fail(self, course: Course, error: ProviderError, **how: bool) -> Choice:
        """Ask whom the course says, who fails so."""
        choice = self.chosen(course)
        course.calls += 1
        self.leave(choice)
        course.failed(choice, error, **how)
        return choice

    def chosen(self, course: Course) -> Choice:
        """Whom the course wants to ask, at once."""
        choice = course.choose()
        assert isinstance(choice, Choice), f"nobody is asked for {choice} s"
        assert not choice.waits
        return choice

    def leave(self, choice: Choice) -> None:
        self.limiters[choice.target.provider].leave("none", None)

    def break_down(self, place: int) -> None:
        """Open the breaker of a target."""
        course = self.course()
        while admitted := course.admit(place):
            self.health.failed(admitted.admission)


def error(code: str = "provider_error", **fields: object) -> ProviderError:
    """An error as a dialect reads it."""
    kinds = {
        "provider_error": {"status": 502, "provider_status": 500},
        "overloaded": {"status": 503, "provider_status": 503},
        "rate_limit_exceeded": {"status": 429, "provider_status": 429},
        "provider_timeout": {"status": 504},
        "denied": {
            "code": "provider_error",
            "status": 502,
            "provider_status": 401,
            "account": True,
            "retryable": False,
        },
        "unknown_model": {"code": "provider_error", "status": 502, "provider_status": 404, "retryable": False},
        "invalid_request": {"status": 400, "provider_status": 400, "retryable": False},
        "context_length_exceeded": {"status": 400, "provider_status": 400, "retryable": False},
        "content_policy_violation": {"status": 400, "provider_status": 400, "retryable": False},
    }
    return ProviderError(f"it said {code}", **({"code": code} | kinds[code] | fields))  # type: ignore[arg-type]


@pytest.fixture
def bench():
    return Bench


@pytest.fixture
def failure():
    return error
