"""Upkeep over tiers that do as they are told: all are purged, whatever one of them does, and the numbers add up."""

from collections.abc import Callable

import pytest

from headworks.cache.counts import Counts
from headworks.cache.upkeep import Gone, Report, SemanticRow, TierRow, Troubles, Upkeep
from headworks.cache.where import Where
from headworks.core.errors import StoreError
from headworks.testing import FakeClock

ANN = Where(user="ann")


class ListedTier:
    """A tier that holds users' names."""

    def __init__(self, name: str, *users: str) -> None:
        self.name = name
        self.users = list(users)
        self.purges: list[Where] = []
        self.away = False
        self.erases = True
        self.meanwhile: Callable[[], None] = lambda: None

    async def purge(self, where: Where) -> Gone:
        self.purges.append(where)
        if self.away:
            raise StoreError(f"The {self.name} is away.")
        before = len(self.users)
        self.users = [user for user in self.users if user != where.user]
        self.meanwhile()
        return Gone(counts={self.name: before - len(self.users)}, erased=self.erases)

    async def count(self, where: Where) -> dict[str, int]:
        return {self.name: self.users.count(where.user or "")}

    def report(self) -> Report:
        return Report(tiers={self.name: TierRow(entries=len(self.users))}, troubles=Troubles(broken=1))


@pytest.fixture
def near() -> ListedTier:
    return ListedTier("near", "ann", "bob", "ann")


@pytest.fixture
def far() -> ListedTier:
    return ListedTier("far", "ann", "eve")


@pytest.fixture
def upkeep(near: ListedTier, far: ListedTier) -> Upkeep:
    return Upkeep({"near": near, "far": far}, FakeClock())


async def test_what_is_meant_goes_from_every_tier_and_is_proved_gone(upkeep, near, far):
    done = await upkeep.run(ANN, dry_run=False)
    assert (done.counts, done.left, done.erased) == ({"near": 2, "far": 1}, {"near": 0, "far": 0}, True)
    assert (near.users, far.users) == (["bob"], ["eve"])


async def test_a_dry_run_counts_and_changes_nothing(upkeep, near, far):
    done = await upkeep.run(ANN, dry_run=True)
    assert (done.counts, done.left, done.erased) == ({"near": 2, "far": 1}, {"near": 2, "far": 1}, False)
    assert near.purges == far.purges == []


async def test_what_a_far_tier_gave_to_a_near_one_meanwhile_goes_too(upkeep, near, far):
    far.meanwhile = lambda: near.users.append("ann")
    done = await upkeep.run(ANN, dry_run=False)
    assert (done.counts["near"], done.left["near"]) == (3, 0)


@pytest.mark.parametrize("away", ["near", "far"])
async def test_a_tier_that_fails_keeps_no_other_from_it_and_is_named(upkeep, near, far, away):
    tiers = {"near": near, "far": far}
    tiers[away].away = True
    with pytest.raises(StoreError) as raised:
        await upkeep.run(ANN, dry_run=False)
    (other,) = set(tiers) - {away}
    assert "ann" not in tiers[other].users
    assert raised.value.message.count(f"The {away} is away.") == 1
    assert f"from {other}" in raised.value.message


async def test_bytes_that_are_still_there_are_told(upkeep, near):
    near.erases = False
    assert not (await upkeep.run(ANN, dry_run=False)).erased


def test_the_numbers_add_up(near, far):
    row = SemanticRow(feature="bot", calls=9, hits=5, shadowed=2, wrong=0, max_error=0.01)
    counts = Counts(exact=6, semantic=2, joined=1, missed=3, passed=4, stored=3, saved_nano=1_500_000)
    stats = Upkeep({"near": near, "far": far}, FakeClock(), counts, semantic=lambda: [row]).stats()
    assert stats.calls == {"hit-exact": 6, "hit-semantic": 2, "joined": 1, "miss": 3, "passed": 4}
    assert (stats.hit_share, stats.stored, stats.saved_usd) == (0.75, 3, 0.0015)
    assert stats.since == "2026-01-01T00:00:00.000Z"
    assert {name: tier.entries for name, tier in stats.tiers.items()} == {"near": 3, "far": 2}
    assert {name: troubles.broken for name, troubles in stats.troubles.items()} == {"near": 1, "far": 1}
    assert stats.semantic == [row]


def test_before_the_first_call_there_is_no_share_of_hits(near):
    assert Upkeep({"near": near}, FakeClock(), Counts()).stats().hit_share is None
    assert Upkeep({"near": near}, FakeClock()).stats().calls is None
