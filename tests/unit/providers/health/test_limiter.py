"""The limit finds itself; the queue before it is short, fair, and nobody waits in it in vain."""

import asyncio

import pytest

from headworks.core.errors import ProviderError
from headworks.providers.health import Limiter, LimiterSettings
from headworks.testing import FakeClock

PATIENT_S = 1000.0


def limiter(clock: FakeClock | None = None, **settings: float) -> Limiter:
    return Limiter("lab", clock or FakeClock(), LimiterSettings(**settings))


def filled(clock: FakeClock | None = None, **settings: float) -> Limiter:
    """A limiter with nobody waiting and no room."""
    full = limiter(clock, **settings)
    while full.try_enter():
        pass
    return full


async def queued(limiter: Limiter, group: str, order: list[str] | None = None, name: str = "") -> asyncio.Task[None]:
    """A task that waits in the queue."""

    async def wait() -> None:
        await limiter.enter(group, PATIENT_S)
        if order is not None:
            order.append(name or group)

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


def test_as_many_enter_as_the_limit_says() -> None:
    assert filled().inside == 256


def test_successes_raise_the_limit_by_one_per_round_only_while_it_is_used() -> None:
    full = limiter(start=100)
    for _ in range(50):
        assert full.try_enter()
    for _ in range(101):
        full.leave("ok", None)
        assert full.try_enter()
    assert full.limit == 101
    quiet = limiter(start=100)
    for _ in range(1000):
        assert quiet.try_enter()
        quiet.leave("ok", None)
    assert quiet.limit == 100


def test_a_429_lowers_it_by_three_tenths_once_a_second_and_never_below_four() -> None:
    clock = FakeClock()
    full = filled(clock, start=100)
    limits = []
    for _ in range(12):
        for _ in range(3):
            full.leave("limited", None)
            full.try_enter()
        limits.append(full.limit)
        clock.advance(1)
    assert limits == [70, 49, 34, 24, 16, 11, 8, 5, 4, 4, 4, 4]


def test_it_never_rises_above_its_most() -> None:
    full = filled(start=8, most=10)
    for _ in range(1000):
        full.leave("ok", None)
        full.try_enter()
    assert full.limit == 10


def test_a_small_most_is_the_limit_from_the_start_and_to_the_end() -> None:
    clock = FakeClock()
    full = filled(clock, most=2)
    assert full.inside == 2
    for _ in range(5):
        full.leave("limited", None)
        clock.advance(1)
        assert full.try_enter()
        full.leave("ok", None)
        assert full.try_enter()
    assert full.limit == 2


def test_failures_and_calls_that_say_nothing_leave_it_alone() -> None:
    full = filled(start=100)
    for _ in range(100):
        full.leave("failed", None)
        full.try_enter()
        full.leave("none", None)
        full.try_enter()
    assert full.limit == 100


def answered(limiter: Limiter, clock: FakeClock, seconds: float, times: int) -> None:
    """`times` calls whose first byte took `seconds`, ten of them a second."""
    for _ in range(times):
        limiter.leave("none", seconds)
        limiter.try_enter()
        clock.advance(0.1)


def test_late_first_bytes_lower_it_once_a_second_while_it_is_used() -> None:
    clock = FakeClock()
    full = filled(clock, start=100)
    answered(full, clock, 0.5, 64)
    assert full.limit == 100
    answered(full, clock, 1.4, 64)
    assert full.limit == 100  # less than three times the usual
    answered(full, clock, 5.0, 64)
    assert 100 * 0.9**5 <= full.limit < 100


def test_late_first_bytes_of_an_idle_provider_are_not_its_load() -> None:
    clock = FakeClock()
    quiet = limiter(clock, start=100)
    for seconds in (0.5, 5.0):
        for _ in range(64):
            assert quiet.try_enter()
            quiet.leave("ok", seconds)
            clock.advance(0.1)
    assert quiet.limit == 100


def test_first_bytes_of_milliseconds_may_vary() -> None:
    clock = FakeClock()
    full = filled(clock, start=100)
    answered(full, clock, 0.001, 64)
    answered(full, clock, 0.2, 640)
    assert full.limit == 100


def test_a_model_that_thinks_long_becomes_usual() -> None:
    clock = FakeClock()
    full = filled(clock, start=100)
    answered(full, clock, 0.5, 64)
    answered(full, clock, 5.0, 10_000)
    assert full.limit >= 4
    before = full.limit
    answered(full, clock, 5.0, 1000)
    assert full.limit == before


async def test_who_finds_no_room_waits_for_the_next_to_leave() -> None:
    full = filled(start=4)
    task = await queued(full, "acme")
    assert (full.waiting, task.done()) == (1, False)
    assert not full.try_enter()
    full.leave("ok", None)
    assert not full.try_enter()  # the place is given away already
    await task
    assert (full.inside, full.waiting) == (4, 0)


async def test_groups_take_turns_and_within_a_group_the_first_is_first() -> None:
    full = filled(start=4, queue=100)
    order: list[str] = []
    tasks = [
        await queued(full, group, order, name)
        for group, name in (("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2"), ("c", "c1"))
    ]
    for _ in tasks:
        full.leave("none", None)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["a1", "b1", "c1", "a2", "b2", "a3"]


async def test_a_single_waiter_is_reached_within_a_round_whatever_others_do() -> None:
    full = filled(start=4, queue=1000)
    order: list[str] = []
    many = [await queued(full, "big", order) for _ in range(1000)]
    others = [await queued(full, name, order) for name in ("mid", "small")]
    for _ in range(3):
        full.leave("none", None)
        await asyncio.sleep(0)
    assert order == ["big", "mid", "small"]
    for task in (*many, *others):
        task.cancel()
    await asyncio.gather(*many, *others, return_exceptions=True)
    assert full.waiting == 0


async def test_a_full_queue_refuses_at_once() -> None:
    full = filled(start=4)
    waiting = [await queued(full, "acme") for _ in range(8)]
    with pytest.raises(ProviderError) as refusal:
        await full.enter("other", PATIENT_S)
    error = refusal.value
    assert (error.code, error.status, error.retryable) == ("overloaded", 503, True)
    assert error.retry_after_s is not None
    assert 1 <= error.retry_after_s <= 60
    assert "`lab`" in error.message
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_patience_ends_a_wait() -> None:
    full = filled(start=4)
    with pytest.raises(ProviderError, match="Try again"):
        await full.enter("acme", 0.01)
    assert full.waiting == 0
    with pytest.raises(ProviderError):
        await full.enter("acme", 0.0)
    full.leave("ok", None)
    await full.enter("acme", 0.0)
    assert full.inside == 4


async def test_a_wait_that_is_likely_too_long_is_refused_at_once() -> None:
    clock = FakeClock()
    full = filled(clock, start=4, queue=100)
    waiting = [await queued(full, "acme") for _ in range(40)]
    for _ in range(20):
        clock.advance(2)  # four places, each held for eight seconds
        full.leave("none", None)
        await asyncio.sleep(0)
    with pytest.raises(ProviderError) as refusal:
        await full.enter("acme", 20)
    assert refusal.value.retry_after_s is not None
    assert 40 <= refusal.value.retry_after_s <= 50
    fits = asyncio.create_task(full.enter("other", 20))  # within one round
    await asyncio.sleep(0)
    assert not fits.done()
    for task in (*waiting, fits):
        task.cancel()
    await asyncio.gather(*waiting, fits, return_exceptions=True)


async def test_a_slow_hour_is_forgotten() -> None:
    clock = FakeClock()
    full = filled(clock, start=4)
    waiting = [await queued(full, "acme") for _ in range(8)]
    for _ in range(8):
        clock.advance(600)
        full.leave("none", None)
    await asyncio.gather(*waiting)
    with pytest.raises(ProviderError) as refusal:
        await full.enter("acme", 5)
    assert refusal.value.retry_after_s == 60
    clock.advance(11)
    task = asyncio.create_task(full.enter("acme", 5))
    await asyncio.sleep(0)
    full.leave("ok", None)
    await task


async def test_a_burst_that_leaves_together_does_not_make_waits_look_short_or_long() -> None:
    clock = FakeClock()
    full = filled(clock, start=100, queue=3)
    waiting = [await queued(full, "acme") for _ in range(300)]
    for _ in range(2):
        clock.advance(30)  # streams of 30 s, begun together
        for _ in range(100):
            full.leave("none", None)
        await asyncio.sleep(0)
    assert 20 <= full._wait_s("acme") <= 60
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_waiter_cancelled_while_it_is_let_in_gives_its_place_to_the_next() -> None:
    full = filled(start=4)
    first, second = await queued(full, "acme"), await queued(full, "acme")
    full.leave("ok", None)
    first.cancel()  # its place has been given to it, it has not woken up
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert (full.inside, full.waiting) == (4, 0)


async def test_a_waiter_that_leaves_the_queue_leaves_nothing() -> None:
    full = filled(start=4)
    task = await queued(full, "acme")
    task.cancel()
    full.leave("ok", None)  # in the same moment
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (full.inside, full.waiting) == (3, 0)
    assert full.try_enter()


async def test_after_the_limit_was_lowered_nobody_enters_until_enough_have_left() -> None:
    full = filled(start=11)
    full.leave("limited", None)
    full.try_enter()
    task = await queued(full, "acme")
    full.leave("limited", None)
    assert (full.limit, full.inside, task.done()) == (7, 10, False)
    full.leave("none", None)
    full.leave("none", None)
    full.leave("none", None)
    assert full.inside == 7
    full.leave("none", None)
    await task
    assert full.inside == 7


def test_a_429_now_and_then_among_good_answers_lowers_nothing() -> None:
    clock = FakeClock()
    limiter = Limiter("p", clock, LimiterSettings(start=100.0))
    for second in range(60):
        for call in range(50):
            limiter.try_enter()
            limiter.leave("limited" if call % 17 == second % 17 else "ok", 0.1)
            clock.advance(0.02)
    assert limiter.limit == 100
