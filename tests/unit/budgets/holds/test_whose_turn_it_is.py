"""Calls wait where that helps: those that somebody waits for a moment and first, those of the background their turn."""

import asyncio

import pytest
from tests.unit.budgets.holds.house import House

from headworks.core.limits import Limit

TWO_A_MINUTE = Limit("requests", "minute", 2)
SIXTY_A_MINUTE = Limit("requests", "minute", 60)
ONE_AT_ONCE = Limit("calls", "now", 1)


def test_a_call_waits_for_a_rate_that_has_room_soon() -> None:
    house = House(SIXTY_A_MINUTE)

    async def story() -> None:
        await asyncio.gather(*(house.call(f"{number}", 0.0) for number in range(61)))

    house.run(story())
    assert {(what, when) for _, what, when in house.said[:60]} == {("granted", 0.0)}
    assert house.said[60][1:] == ("granted", 1.0)


def test_a_call_that_somebody_waits_for_is_refused_at_once_when_the_rate_has_no_room_soon() -> None:
    house = House(TWO_A_MINUTE)

    async def story() -> None:
        await asyncio.gather(*(house.call(name, 0.0) for name in "abc"))

    house.run(story())
    assert ("c", "refused", 0.0) in house.said


def test_a_call_in_the_background_waits_for_the_rate() -> None:
    house = House(TWO_A_MINUTE)

    async def story() -> None:
        await asyncio.gather(*(house.call(name, 0.0, unhurried=True) for name in "abcd"))

    house.run(story())
    assert house.said == [("a", "granted", 0.0), ("b", "granted", 0.0), ("c", "granted", 30.0), ("d", "granted", 60.0)]


def test_it_waits_no_longer_than_its_deadline() -> None:
    house = House(ONE_AT_ONCE)

    async def story() -> None:
        under_way = house.call("a", 40.0)
        await asyncio.gather(*(house.call(name, 0.0, unhurried=True, within_s=10) for name in "bc"))
        await under_way

    house.run(story())
    assert sorted(house.said) == [("a", "granted", 0.0), ("b", "refused", 10.0), ("c", "refused", 10.0)]


def test_it_is_refused_at_once_when_the_rate_has_no_room_before_its_deadline() -> None:
    house = House(TWO_A_MINUTE)

    async def story() -> None:
        await asyncio.gather(*(house.call(name, 0.0, unhurried=True, within_s=10) for name in "abc"))

    house.run(story())
    assert ("c", "refused", 0.0) in house.said


def test_a_call_that_somebody_waits_for_goes_before_those_in_the_background_that_wait_longer() -> None:
    house = House(ONE_AT_ONCE)

    async def story() -> None:
        calls = [house.call("a", 3.0), house.call("b", 1.0, unhurried=True), house.call("c", 1.0, unhurried=True)]
        await asyncio.sleep(1)
        await asyncio.gather(*calls, house.call("d", 1.0))

    house.run(story())
    assert [name for name, what, _ in house.said if what == "granted"] == ["a", "d", "b", "c"]


@pytest.mark.parametrize("seed", range(10))
def test_who_comes_as_room_is_made_does_not_overtake_those_that_wait(seed: int) -> None:
    house = House(ONE_AT_ONCE, slowest_s=0.3, seed=seed)

    async def story() -> None:
        calls = [house.call("a", 2.0)]
        await asyncio.sleep(0.7)
        calls.append(house.call("b", 0.0))
        for number in range(60):
            await asyncio.sleep(0.05)
            calls.append(house.call(f"{number}", 0.0, unhurried=True))
        await asyncio.gather(*calls)

    house.run(story())
    assert [name for name, _, _ in house.said[:2]] == ["a", "b"]


def test_in_the_background_who_comes_first_goes_first() -> None:
    house = House(ONE_AT_ONCE)

    async def story() -> None:
        calls = [house.call("a", 2.0, unhurried=True)]
        for name in "bcdef":
            await asyncio.sleep(0.99)
            calls.append(house.call(name, 2.0, unhurried=True))
        await asyncio.gather(*calls)

    house.run(story())
    assert [name for name, _, _ in house.said] == list("abcdef")


def test_many_that_wait_ask_no_more_often_than_one() -> None:
    house = House(ONE_AT_ONCE)

    async def story() -> None:
        under_way = house.call("a", 10.0)
        waiting = [house.call(f"w{number}", 0.0, unhurried=True, within_s=9) for number in range(300)]
        await asyncio.gather(under_way, *waiting)

    house.run(story())
    assert house.accounts.asked <= 2 * 301 + 9 / 0.05


def test_for_a_budget_that_others_have_reserved_the_background_waits_no_longer_than_others_do() -> None:
    house = House(Limit("usd", "day", 7_000_000), wait_s=2.0)

    async def story() -> None:
        under_way = house.call("a", 30.0, short=False)
        await asyncio.gather(under_way, house.call("b", 0.0, short=False, unhurried=True))

    house.run(story())
    assert [(name, what) for name, what, _ in house.said] == [("a", "granted"), ("b", "refused")]
    assert house.said[1][2] <= 2.1


@pytest.mark.parametrize("seed", range(30))
def test_who_gives_up_leaves_the_line_and_holds_nobody_up(seed: int) -> None:
    house = House(ONE_AT_ONCE, SIXTY_A_MINUTE, slowest_s=0.3, seed=seed)

    async def story() -> None:
        calls = [house.call(f"{number}", 0.5, unhurried=number % 4 > 0) for number in range(12)]
        for number in (1, 2, 4, 7):
            house.loop.call_later(house.tables.random.random() * 6, calls[number].cancel)
        await asyncio.wait(calls)
        await asyncio.sleep(3)

    house.run(story())
    granted = {name for name, what, _ in house.said if what == "granted"}
    assert granted >= {"3", "5", "6", "9", "10", "11"}
    assert house.left() == (0, 0)
    assert not house.room.turns.lines
    assert not house.room.turns.hurried
