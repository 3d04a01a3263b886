"""Every keeper of accounts grants all or nothing, ends each hold once, and leaves nothing reserved."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contract.accounts.conftest import Made, money, shared, told
from tests.contract.cache.valkey import Valkey

from headworks.budgets.accounts.protocol import Accounts, Balance, Claim, Settlement
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.testing import FakeClock


def test_what_fits_is_reserved_in_every_account_and_settled_at_the_truth(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        claims = [money("a", 60), money("b", 40, None)]
        assert await accounts.reserve("1", claims) is None
        assert await accounts.balances(["a", "b", "c"]) == [Balance(0, 60), Balance(0, 40), Balance()]
        assert await accounts.settle("1", claims, Settlement(amounts={"a": 50, "b": 45}))
        assert await accounts.balances(["a", "b"]) == [Balance(50, 0), Balance(45, 0)]

    told(made, story)


def test_what_does_not_fit_one_account_is_reserved_in_none(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        await accounts.reserve("1", [money("b", 90)])
        shortage = await accounts.reserve("2", [money("a", 60), money("b", 11)])
        assert shortage is not None
        assert (shortage.place, shortage.balance) == (1, Balance(0, 90))
        assert shortage.for_now(money("b", 11))
        assert await accounts.balances(["a", "b"]) == [Balance(), Balance(0, 90)]

    told(made, story)


def test_a_hold_is_raised_by_the_difference(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        assert await accounts.reserve("1", [money("a", 60)]) is None
        assert await accounts.reserve("1", [money("a", 100)]) is None
        assert await accounts.reserve("1", [money("a", 101)]) is not None
        assert await accounts.balances(["a"]) == [Balance(0, 100)]
        await accounts.settle("1", [money("a", 100)], Settlement(amounts={"a": 7}))
        assert await accounts.balances(["a"]) == [Balance(7, 0)]

    told(made, story)


def test_a_hold_is_settled_once(made: Made) -> None:
    async def story(accounts: Accounts) -> list[bool]:
        claims = [money("a", 60)]
        await accounts.reserve("1", claims)
        settled = await asyncio.gather(
            *(accounts.settle("1", claims, Settlement(amounts={"a": 50}, nano=50)) for _ in range(5))
        )
        assert await accounts.balances(["a"]) == [Balance(50, 0)]
        return settled

    assert sorted(told(made, story)) == [False] * 4 + [True]


def test_the_truth_is_debited_beyond_the_limit(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        await accounts.reserve("1", [money("a", 60)])
        await accounts.settle("1", [money("a", 60)], Settlement(amounts={"a": 500}))
        assert await accounts.balances(["a"]) == [Balance(500, 0)]
        assert await accounts.reserve("2", [money("a", 0)]) is None
        assert await accounts.reserve("3", [money("a", 1)]) is not None

    told(made, story)


def test_a_pace_lets_through_a_full_bucket_and_then_as_it_fills(made: Made, later: Callable[[float], None]) -> None:
    async def story(accounts: Accounts) -> None:
        claim = [Claim("rpm", "pace", 1, 60)]
        answers = [await accounts.reserve(str(n), claim) for n in range(61)]
        assert answers[:60] == [None] * 60
        assert answers[60] is not None
        assert answers[60].free_in_s == pytest.approx(1.0, abs=0.5)
        later(1.01)
        assert await accounts.reserve("again", claim) is None
        assert await accounts.reserve("too soon", claim) is not None

    told(made, story)


def test_what_a_call_takes_too_much_of_a_pace_is_given_back(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        claims = [Claim("tpm", "pace", 1000, 1000)]
        assert await accounts.reserve("1", claims) is None
        assert await accounts.reserve("2", claims) is not None
        await accounts.settle("1", claims, Settlement(amounts={"tpm": 400}))
        assert await accounts.reserve("3", [Claim("tpm", "pace", 600, 1000)]) is None

    told(made, story)


def test_more_than_a_bucket_holds_never_fits(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        shortage = await accounts.reserve("1", [Claim("tpm", "pace", 1001, 1000)])
        assert shortage is not None
        assert shortage.free_in_s is None

    told(made, story)


def test_a_call_that_is_cancelled_while_it_reserves_can_end_its_hold(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        claims = [money("a", 60)]
        task = asyncio.ensure_future(accounts.reserve("1", claims))
        await asyncio.sleep(0)
        task.cancel()
        await accounts.settle("1", claims, Settlement(amounts={}))
        assert await accounts.balances(["a"]) == [Balance()]

    told(made, story)


def test_accounts_outlive_their_process(made: Made) -> None:
    async def spends(accounts: Accounts) -> None:
        await accounts.reserve("1", [money("a", 60)])
        await accounts.settle("1", [money("a", 60)], Settlement(amounts={"a": 50}))

    told(made, spends)

    async def looks(accounts: Accounts) -> None:
        assert await accounts.balances(["a"]) == [Balance(50, 0)]

    told(made, looks)


def test_a_hundred_calls_at_once_never_go_beyond_the_limit(made: Made) -> None:
    async def story(accounts: Accounts) -> None:
        claims = [money("a", 7), money("b", 7, 1000)]
        answers = await asyncio.gather(*(accounts.reserve(str(n), claims) for n in range(100)))
        assert answers.count(None) == 14
        assert await accounts.balances(["a", "b"]) == [Balance(0, 98), Balance(0, 98)]

    told(made, story)


_step = st.tuples(st.integers(0, 7), st.sampled_from(["reserve", "settle", "cancel"]), st.integers(0, 60))


@pytest.mark.parametrize("kind", ["sqlite", "shared"])
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(_step, max_size=60))
def test_whatever_is_done_the_accounts_add_up(kind: str, lasting: Valkey, steps: list[tuple[int, str, int]]) -> None:
    """The keeper is set beside a plain model of itself."""

    async def run(folder: Path) -> None:
        accounts = SqliteAccounts(folder, FakeClock()) if kind == "sqlite" else shared(lasting, folder)
        await accounts.start()
        spent, held, settled = 0, dict[str, int](), set[str]()
        for n, what, amount in steps:
            hold = str(n)
            if hold in settled:
                continue
            if what == "reserve":
                fits = amount <= held.get(hold, 0) or spent + sum(held.values()) - held.get(hold, 0) + amount <= 100
                assert (await accounts.reserve(hold, [money("a", amount)]) is None) == fits
                if fits:
                    held[hold] = amount
            else:
                used = 0 if what == "cancel" else min(amount, held.get(hold, 0))
                claims = [money("a", held.get(hold, 0))]
                assert await accounts.settle(hold, claims, Settlement(amounts={"a": used}))
                spent += used
                held.pop(hold, None)
                settled.add(hold)
            assert await accounts.balances(["a"]) == [Balance(spent, sum(held.values()))]
        assert spent <= 100
        await accounts.stop()

    lasting.ask("FLUSHALL")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
