"""What an attempt is given, and what is let go when there is none: a place at its provider, a claim, time."""

import asyncio
import json

import msgspec
import pytest

from headworks.budgets.holds.room import Free
from headworks.core.messages import Route
from headworks.core.policy import PATTERNS, Policy
from headworks.dialects import openai
from headworks.dialects.protocols import Envelope
from headworks.providers.pursuit.limits import PROBE_S
from headworks.providers.pursuit.plans import Fresh
from headworks.providers.pursuit.pursuer import Pursuer


class Desk:
    """A bench whose calls are pursued, as far as they can be without a provider."""

    def __init__(self, bench, *route, **room):
        self.bench = bench(*route, **room)
        self.tools = msgspec.structs.replace(
            self.bench.tools, dialects={"openai": openai.DIALECT}, editors={"openai": openai.EDITOR}
        )

    def ask(self, **times):
        body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
        ask = openai.CHAT.read(json.dumps(body).encode(), Envelope(trace_id="0" * 32, headers={}, created=1))
        return msgspec.structs.replace(ask, **times)

    def pursuer(self, ask):
        route = Route(feature="f", query_type="q", targets=self.bench.targets, policy=Policy())
        return Pursuer(self.tools, Free(ask, route), trace=None)

    def prepared(self, **times):
        """The first attempt of a call."""
        ask = self.ask(**times)
        pursuer = self.pursuer(ask)
        return pursuer.prepare(pursuer.course.choose(), Fresh(ask))

    def probe_next(self):
        """The first model was down and may be back."""
        self.bench.break_down(0)
        self.bench.clock.advance(1)

    @property
    def probing(self):
        return any(state.probing for state in self.bench.health.states())


@pytest.fixture
def desk(bench):
    return Desk(bench, "one", "two")


def test_without_a_deadline_it_has_the_usual_time(desk):
    attempt = desk.prepared()
    assert attempt.patience is attempt.usual is PATTERNS["interactive"]


def test_a_deadline_leaves_time_for_the_other_provider(desk):
    attempt = desk.prepared(deadline_s=10.0)
    assert (attempt.patience.first_byte_s, attempt.patience.total_s, attempt.leaves_time) == (6, 10, True)


def test_without_another_provider_it_has_all_that_is_left(bench):
    attempt = Desk(bench, "one", "one").prepared(deadline_s=10.0)
    assert (attempt.patience.first_byte_s, attempt.patience.total_s, attempt.leaves_time) == (10, 10, False)


def test_a_stream_that_must_begin_soon_may_go_on_as_long_as_any(desk):
    attempt = desk.prepared(begin_by_s=5.0)
    assert (attempt.patience.first_byte_s, attempt.patience.total_s) == (3, 300)


def test_a_probe_is_not_waited_for_as_long(desk):
    desk.probe_next()
    assert desk.prepared().patience.first_byte_s == PROBE_S


def test_an_ask_that_cannot_be_put_leaves_no_place_taken_and_no_claim(desk):
    desk.probe_next()
    ask = desk.ask(kind="count")  # which this provider does not offer
    pursuer = desk.pursuer(ask)
    choice = pursuer.course.choose()
    assert choice.admission.probe
    assert pursuer.prepare(choice, Fresh(ask)) is None
    assert (desk.bench.limiters["one"].inside, desk.probing) == (0, False)


def test_nor_does_a_bug(desk):
    desk.probe_next()
    pursuer = desk.pursuer(desk.ask())
    choice = pursuer.course.choose()
    with pytest.raises(AttributeError):
        pursuer.prepare(choice, None)
    assert (desk.bench.limiters["one"].inside, desk.probing) == (0, False)


async def test_who_stands_in_line_does_not_keep_others_from_probing(bench):
    desk = Desk(bench, "one", providers={"one": (1, 1, 10)})
    limiter = desk.bench.limiters["one"]
    assert limiter.try_enter()
    desk.probe_next()
    ask = desk.ask()
    pursuer = desk.pursuer(ask)
    choice = pursuer.course.choose()
    assert choice.waits
    waiting = asyncio.ensure_future(pursuer._stand_in_line(choice, ask))
    await asyncio.sleep(0)
    assert (limiter.waiting, desk.probing) == (1, False)
    limiter.leave("ok", None)
    admitted = await waiting
    assert admitted.admission.probe
    assert limiter.inside == 1
