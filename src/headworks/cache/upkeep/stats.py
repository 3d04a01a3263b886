"""What the cache does, in numbers: for the admin API, `headworks cache stats` and metrics."""

from msgspec import Struct

from headworks.cache.upkeep.tiers import TierRow, Troubles


class SemanticRow(Struct, frozen=True, kw_only=True):
    """How answering by meaning goes for one feature, since its rule began to learn.

    Attributes:
        feature: Its name.
        calls: Looked up by meaning.
        hits: Answered so.
        shadowed: Hits that were also sent to the model, and compared.
        wrong: Of those, how many were wrong.
        rate: Share of wrong ones among all of the feature's answers, as measured; None before there is a measurement.
        low: Lower end of its 95% confidence interval.
        high: Upper end.
        max_error: The share that the feature allows.
        stopped: Why nothing is answered by meaning at the moment; empty when it is.
    """

    feature: str
    calls: int
    hits: int
    shadowed: int
    wrong: int
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    max_error: float
    stopped: str = ""


class Stats(Struct, frozen=True, kw_only=True):
    """Counts are of one process, since it started.

    Attributes:
        since: When it started, RFC 3339.
        calls: Calls by what the cache did: `hit-exact`, `hit-semantic`, `joined`, `miss`; and `passed`, those of a
            feature with a cache that may not be cached. None where no gateway was asked.
        hit_share: Share of the first three among the first four; None before there was any.
        stored: Answers kept.
        saved_usd: Dollars that the answers of `hit-exact` and `hit-semantic` had cost.
        tiers: By name.
        troubles: By place: `local` is memory and disk.
        semantic: By feature.
    """

    since: str | None = None
    calls: dict[str, int] | None = None
    hit_share: float | None = None
    stored: int | None = None
    saved_usd: float | None = None
    tiers: dict[str, TierRow]
    troubles: dict[str, Troubles]
    semantic: list[SemanticRow] = []
