"""What an account keeps under names: wished for once it pays, known until it ends, prolonged, forgotten, let alone."""

import asyncio

import msgspec
import pytest

from headworks.cache.prefix.contents import FIRST_REST_S, MARGIN_S, MOST_AT_ONCE
from headworks.core.errors import ProviderError
from headworks.core.messages import Prices, Target
from headworks.core.prefix import Cut, Kept, Named, Order, Wish

LONG = "You are a helper of few words. " * 600
FLASH = Target(
    name="flash",
    provider="g",
    provider_model="of-my-own",
    dialect="gemini",
    capabilities=frozenset({"chat", "cached_content"}),
)
TARIFF = Prices(input=1_000, output=5_000, cached=100, cache_storage_hour=600)
MINUTE_S = 60.0


def turns(*said):
    return [{"role": "user" if at % 2 == 0 else "assistant", "content": text} for at, text in enumerate(said)]


class Account:
    """A provider's account, and the calls to it."""

    def __init__(self, traffic):
        self.traffic = traffic
        traffic.prices["flash"] = TARIFF
        self.made = []
        self.names = True
        self.answer = lambda order: Kept(f"cachedContents/k{len(self.made)}", 5_000)

    def marks(self, key=0, **call):
        """The marks of a call that is answered, and has its wish fulfilled."""
        return asyncio.run(self.call(key, **call))

    async def call(self, key=0, **call):
        known = self.traffic.known(targets=(FLASH,), **({"system": LONG} | call))
        marks = known.marks(FLASH, key)
        known.landed(0, FLASH)
        for named in marks.named if self.names else ():
            known.used(FLASH, key, named.name)
        if marks.wish is not None:
            known.keep(FLASH, key, self.order(marks.wish), self.post)
        await self.traffic.memory.settled()
        return marks

    def order(self, wish):
        method = "POST" if wish.again is None else "PATCH"
        return Order(method=method, path="/", body=b"", wish=wish, digest=b"d", read=self.read)

    def read(self, body):
        return self.answer(body)

    async def post(self, order):
        self.made.append(order)
        return b""

    def warm(self):
        """Use it until it is kept."""
        for _ in range(2):
            self.marks()
        assert len(self.made) == 1

    @property
    def paid(self):
        return self.traffic.memory._memory.contents.counts.paid_nano


@pytest.fixture
def account(traffic):
    return Account(traffic)


def test_a_prefix_is_wished_for_when_it_comes_again_and_named_when_it_is_kept(account):
    assert account.marks().wish is None
    assert account.marks().wish == Wish(Cut("system"), "5m")
    assert account.marks().named == (Named("cachedContents/k1", Cut("system"), b"d"),)
    assert account.marks().wish is None
    assert account.paid == {("write", "g"): 5_000_000, ("storage", "g"): 250_000}


def test_it_is_named_until_shortly_before_it_ends(account):
    account.warm()
    account.traffic.prices["flash"] = msgspec.structs.replace(TARIFF, cached=1_000)  # so that it is not prolonged
    account.traffic.clock.advance(300 - MARGIN_S - 1)
    assert account.marks().named
    account.traffic.clock.advance(2)
    assert not account.marks().named


def test_what_the_provider_keeps_for_a_shorter_time_ends_when_it_says(account):
    account.answer = lambda _: Kept("cachedContents/a", 5_000, 30.0)
    account.warm()
    account.traffic.clock.advance(30 - MARGIN_S)
    assert not account.marks().named


def test_what_is_used_is_prolonged_in_the_second_half_of_its_life_for_the_storage_alone(account):
    account.warm()
    for _ in range(14):
        account.traffic.clock.advance(10)
        assert account.marks().wish is None
    account.traffic.clock.advance(20)
    assert account.marks().wish == Wish(Cut("system"), "5m", "cachedContents/k1")
    assert account.paid == {("write", "g"): 5_000_000, ("storage", "g"): 250_000 + 5_000 * 600 * 160 // 3_600 + 1}
    account.traffic.clock.advance(200)
    assert account.marks().named


def test_what_is_no_longer_used_is_left_to_end(account):
    account.warm()
    for _ in range(3):
        account.traffic.clock.advance(86_400)
        assert account.marks().wish is None
    assert len(account.made) == 1


def test_what_is_gone_is_forgotten_and_made_anew(account):
    account.warm()
    known = account.traffic.known(targets=(FLASH,), system=LONG)
    known.gone(FLASH, 0, "cachedContents/another")
    assert account.marks().named
    known.gone(FLASH, 0, "cachedContents/k1")
    marks = account.marks()
    assert (marks.named, marks.wish) == ((), Wish(Cut("system"), "5m"))


def test_each_key_counts_its_own_uses_and_keeps_its_own(account):
    account.warm()
    first, second, third = (account.marks(1) for _ in range(3))
    assert (first.named, first.wish, second.named) == ((), None, ())
    assert [named.name for named in third.named] == ["cachedContents/k2"]


@pytest.mark.parametrize("other", [{"org": "other"}, {"feature": "other"}, {"tool_choice": {"type": "any"}}])
def test_what_differs_shares_nothing(account, other):
    account.warm()
    assert account.marks(**other).named == ()


def test_while_an_order_is_under_way_there_is_no_other(account):
    async def work():
        held = asyncio.Event()
        post = account.post

        async def waiting(order):
            await held.wait()
            return await post(order)

        account.post = waiting
        calls = [asyncio.ensure_future(account.call()) for _ in range(20)]
        await asyncio.sleep(0)
        held.set()
        await asyncio.gather(*calls)

    asyncio.run(work())
    assert len(account.made) == 1


def test_a_failure_rests_the_account_twice_as_long_each_time(account):
    def fail(_):
        raise ProviderError("No.")

    account.answer = fail
    account.warm()
    rest_s = FIRST_REST_S
    for tries in range(2, 5):
        account.traffic.clock.advance(rest_s / 2)
        assert account.marks().wish is None
        assert account.marks(system=LONG + "other").wish is None
        account.traffic.clock.advance(rest_s / 2)
        account.marks()
        assert len(account.made) == tries
        rest_s *= 2


def test_what_is_made_for_nothing_is_made_ever_more_seldom(account):
    account.names = False  # each call differs in something that only its provider sees
    account.answer = lambda _: Kept("cachedContents/a", 5_000, 15.0)
    for _ in range(24 * 60):
        account.traffic.clock.advance(MINUTE_S / 2)
        account.marks()
    assert len(account.made) in range(10, 20)  # in twelve hours


def test_it_is_known_no_more_after_a_failed_order_and_calls_go_on(account):
    account.answer = lambda _: (_ for _ in ()).throw(ProviderError("No."))
    account.warm()
    assert account.marks().named == ()


def test_many_orders_are_not_sent_at_once(account):
    async def work():
        held = asyncio.Event()

        async def post(order):
            account.made.append(order)
            await held.wait()
            return b""

        for number in range(MOST_AT_ONCE + 5):
            for _ in range(2):
                known = account.traffic.known(targets=(FLASH,), system=f"{number} {LONG}")
                marks = known.marks(FLASH)
                if marks.wish is not None:
                    known.keep(FLASH, 0, account.order(marks.wish), post)
        await asyncio.sleep(0)
        assert len(account.made) == MOST_AT_ONCE
        await account.traffic.memory.stop()

    asyncio.run(work())


def test_an_end_in_the_midst_of_an_order_leaves_nothing_under_way(account):
    async def never(_order):
        await asyncio.Event().wait()
        return b""

    async def work():
        account.traffic.known(targets=(FLASH,), system=LONG).marks(FLASH)
        for _ in range(2):
            known = account.traffic.known(targets=(FLASH,), system=LONG)
            wish = known.marks(FLASH).wish
            assert wish is not None
            known.keep(FLASH, 0, account.order(wish), never)
            assert account.traffic.known(targets=(FLASH,), system=LONG).marks(FLASH).wish is None
            await account.traffic.memory.stop()

    asyncio.run(work())


def test_a_history_is_kept_anew_when_it_has_grown_enough(account):
    said = ["The first part of a book. " * 900]
    wished = []
    for number in range(8):
        marks = account.marks(system="Be brief.", messages=turns(*said))
        wished.append(None if marks.wish is None else marks.wish.cut.upto)
        said += [f"Answer {number}", f"Part {number} of it. " * 900]
    assert wished[0] is None  # a single turn has no history
    assert wished.count("history") in (2, 3, 4)
    assert account.marks(system="Be brief.", messages=turns(*said)).named


def test_without_a_price_for_storage_or_without_the_capability_nothing_is_wished(account):
    account.traffic.prices["flash"] = msgspec.structs.replace(TARIFF, cache_storage_hour=None)
    assert [account.marks().wish for _ in range(4)] == [None] * 4
    account.traffic.prices["flash"] = None
    assert [account.marks().wish for _ in range(4)] == [None] * 4
    plain = msgspec.structs.replace(FLASH, capabilities=frozenset({"chat"}))
    account.traffic.prices["flash"] = TARIFF
    for _ in range(4):
        known = account.traffic.known(targets=(plain,), system=LONG)
        assert known.marks(plain).wish is None


def test_who_marks_for_himself_is_left_alone(account):
    own = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
    for _ in range(4):
        assert account.traffic.known(targets=(FLASH,), system=own).marks(FLASH) is None


def test_what_is_too_short_for_its_model_is_not_wished_for(account):
    long = msgspec.structs.replace(FLASH, provider_model="gemini-9")
    for _ in range(5):
        known = account.traffic.known(targets=(long,), system="Be brief. " * 1_000)
        assert known.marks(long).wish is None
