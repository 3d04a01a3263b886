"""Invalidate in every tier, and prove it; say what the cache does.

What is invalidated is not brought back by calls under way: a store refuses their answers by the mark they took when
they were asked (`LocalStore.mark`), and later calls do not join them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from headworks.cache.counts import Counts
from headworks.cache.upkeep.stats import SemanticRow, Stats
from headworks.cache.upkeep.tiers import Gone, Tier
from headworks.cache.where import Where
from headworks.core.clock import Clock, rfc3339
from headworks.core.errors import StoreError
from headworks.core.money import NANO_PER_USD


class Invalidated(Struct, frozen=True, kw_only=True):
    """What came of an invalidation.

    Attributes:
        dry_run: True when nothing was to go: it was only counted.
        counts: Entries that went, or would go, by tier. An entry that lies in several counts in each.
        erased: Whether their bytes are gone, too. False of a dry run.
        left: Entries that are meant and there now, by tier; those that were answered since count, too.
    """

    dry_run: bool
    counts: dict[str, int]
    erased: bool
    left: dict[str, int]


class Upkeep:
    """Looks after every tier there is.

    Args:
        tiers: By name, the nearest first.
        clock: For the time of the start, and ages.
        counts: What calls did; None where no calls are answered.
        semantic: How answering by meaning goes, asked each time.
    """

    def __init__(
        self,
        tiers: Mapping[str, Tier],
        clock: Clock,
        counts: Counts | None = None,
        *,
        semantic: Callable[[], Sequence[SemanticRow]] = tuple,
    ) -> None:
        self.clock = clock
        self._tiers = tiers
        self._counts = counts
        self._semantic = semantic
        self._since = rfc3339(clock.now())

    async def count(self, where: Where) -> dict[str, int]:
        """How many entries are meant, by tier.

        Raises:
            StoreError: A tier cannot count.
        """
        found: dict[str, int] = {}
        for tier in self._tiers.values():
            found.update(await tier.count(where))
        return found

    async def invalidate(self, where: Where) -> Gone:
        """Let go of all that is meant, in every tier; a tier that fails does not keep the others from it.

        What a far tier gave to a near one meanwhile goes, too: the near ones are purged again at the end.

        Raises:
            StoreError: A tier could not be purged; the sentence says which, and what went elsewhere.
        """
        counts: Counter[str] = Counter()
        erased: dict[str, bool] = {}
        failed: list[str] = []
        names = list(self._tiers)
        for name in [*names, *names[:-1]]:
            try:
                gone = await self._tiers[name].purge(where)
            except StoreError as error:
                failed.append(f"{name}: {error.message}")
                continue
            counts.update(gone.counts)
            erased[name] = gone.erased  # its last purge tells how it stands
        if failed:
            went = ", ".join(f"{count} from {name}" for name, count in counts.items()) or "none"
            faults = " ".join(dict.fromkeys(failed))
            raise StoreError(f"Not everything could be invalidated. {faults} Elsewhere these entries went: {went}.")
        return Gone(counts=dict(counts), erased=all(erased.values()))

    async def proof(self, where: Where) -> dict[str, int]:
        """What is left of what was invalidated, by tier: counted again, everywhere.

        Raises:
            StoreError: A tier cannot count.
        """
        return await self.count(where)

    async def run(self, where: Where, *, dry_run: bool) -> Invalidated:
        """Invalidate and prove it, or only count.

        Raises:
            StoreError: A tier could not be purged, or cannot count.
        """
        if dry_run:
            counts = await self.count(where)
            return Invalidated(dry_run=True, counts=counts, erased=False, left=counts)
        gone = await self.invalidate(where)
        return Invalidated(dry_run=False, counts=gone.counts, erased=gone.erased, left=await self.proof(where))

    def stats(self) -> Stats:
        """What there is, and what was done."""
        reports = {name: tier.report() for name, tier in self._tiers.items()}
        tiers = {name: row for report in reports.values() for name, row in report.tiers.items()}
        troubles = {name: report.troubles for name, report in reports.items()}
        counts = self._counts
        if counts is None:
            return Stats(tiers=tiers, troubles=troubles)
        hits = counts.exact + counts.semantic + counts.joined
        looked_up = hits + counts.missed
        return Stats(
            since=self._since,
            calls={
                "hit-exact": counts.exact,
                "hit-semantic": counts.semantic,
                "joined": counts.joined,
                "miss": counts.missed,
                "passed": counts.passed,
            },
            hit_share=round(hits / looked_up, 4) if looked_up else None,
            stored=counts.stored,
            saved_usd=counts.saved_nano / NANO_PER_USD,
            tiers=tiers,
            troubles=troubles,
            semantic=list(self._semantic()),
        )
