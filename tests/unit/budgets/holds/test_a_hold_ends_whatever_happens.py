"""What a call has reserved is given back and what it used is debited, also when it is cancelled while accounts fail."""

import asyncio

import pytest
from tests.unit.budgets.holds.house import House

from headworks.core.errors import StoreError
from headworks.core.limits import Limit

DAY = Limit("usd", "day", 50_000_000)
TEN_A_MINUTE = Limit("requests", "minute", 10)


@pytest.mark.parametrize("away_after", range(15))
@pytest.mark.parametrize("cancelled_after", range(15))
def test_a_call_that_is_cancelled_at_any_step_while_accounts_go_away(away_after: int, cancelled_after: int) -> None:
    house = House(DAY, TEN_A_MINUTE)

    async def story() -> None:
        call = house.call("a", 0.0)
        for step in range(16):
            house.tables.away = house.tables.away or step == away_after
            if step == cancelled_after:
                call.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([call])
        assert call.cancelled() or call.exception() is None or isinstance(call.exception(), StoreError)
        house.tables.away = False
        await asyncio.sleep(3)

    house.run(story())
    assert house.left() == (0, 0)


def test_a_call_that_is_granted_goes_on_when_nobody_can_tell_what_is_left_of_its_rate() -> None:
    house = House(TEN_A_MINUTE)

    async def story() -> None:
        call = house.call("a", 1.0)
        for _ in range(20):
            if house.left()[1]:
                break
            await asyncio.sleep(0)
        house.tables.away = True
        await asyncio.sleep(0.5)
        house.tables.away = False
        await call

    house.run(story())
    assert house.said == [("a", "granted", 0.0)]
    assert house.left() == (0, 0)


def test_who_gives_up_waiting_is_given_back_nothing_that_it_was_not_granted() -> None:
    house = House(TEN_A_MINUTE, Limit("calls", "now", 1))

    async def story() -> None:
        under_way = house.call("a", 3.0)
        await asyncio.sleep(0.1)
        before = await house.accounts.balances(["requests|org|acme|minute|"])
        waiting = house.call("b", 0.0)
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert await house.accounts.balances(["requests|org|acme|minute|"]) == before
        await under_way

    house.run(story())
