"""Draws what happens in a schedule: the limits and how tight they are, calls and what becomes of them, accidents."""

from random import Random

from msgspec import Struct

from headworks.budgets.config import BudgetSettings
from headworks.core.limits import Limit, Rule, Scope, Unit, Window

CENT = 10_000_000
"""Nano-dollars. A call of these schedules costs up to about one."""
_BEGINNINGS = (1_769_903_990.0, 1_767_225_590.0, 1_772_409_590.0, 1_770_000_000.0)
"""Ten seconds before a month, a year, a week end (and within one)."""
_SCOPES: tuple[Scope, ...] = ("gateway", "org", "team", "user", "end_user", "key", "feature", "model", "tag")
_WINDOWS: tuple[Window, ...] = ("day", "week", "month", "total")


class Call(Struct, frozen=True):
    """One call: when it comes, to which worker, and how it is made.

    Attributes:
        ends: What becomes of each attempt: `ok`, `free` (fails without cost), `paid` (fails after a part), `early` (its
            reader leaves).
        cancel_after: When it is cancelled: after so many steps of the loop, or never.
        cancel_at_s: After so many seconds, or never.
    """

    at_s: float
    worker: int
    ask: int
    key: int
    feature: int
    user: int
    targets: tuple[int, ...]
    ends: tuple[str, ...]
    lasts_s: tuple[float, ...]
    hedged: bool
    cancel_after: int | None
    cancel_at_s: float | None
    unhurried: bool


class Plan(Struct, frozen=True):
    """A schedule.

    Attributes:
        rules: Limits of the config.
        key_limits: Of each key its own.
        jumps: When the wall clock jumps, and how far.
        kill: When the first worker is killed and another starts: after so many seconds and steps of the loop; or never.
        away: From when to when the accounts cannot be reached, or never.
        slowest_s: How long accounts take at most.
    """

    begins_s: float
    settings: BudgetSettings
    rules: tuple[Rule, ...]
    key_limits: tuple[tuple[Limit, ...], ...]
    calls: tuple[Call, ...]
    workers: int
    jumps: tuple[tuple[float, float], ...]
    kill: tuple[float, int] | None
    away: tuple[float, float] | None
    slowest_s: float


def draw(random: Random) -> Plan:
    """A schedule of three to nine calls within some seconds, tight enough that they are in each other's way."""
    tight = random.choice((0.3, 1.0, 3.0))
    workers = random.randint(1, 3)
    kill = (random.random() * 12, random.randrange(8)) if random.random() < 0.25 else None
    begins = random.random() * 10
    return Plan(
        begins_s=random.choice(_BEGINNINGS) + random.random() * 5,
        settings=_SETTINGS[random.randrange(len(_SETTINGS))],
        rules=tuple(_rule(random, tight) for _ in range(random.randint(1, 5))),
        key_limits=((), (_limit(random, tight),)),
        calls=tuple(_call(random, workers) for _ in range(random.randint(3, 9))),
        workers=workers,
        jumps=tuple(_jump(random) for _ in range(random.choice((0, 0, 1, 2)))),
        kill=kill,
        away=(begins, begins + random.random() * 3) if random.random() < 0.15 else None,
        slowest_s=random.choice((0.0, 0.01, 0.3)),
    )


_SETTINGS = [
    BudgetSettings(wait_s=wait_s, least_max_tokens=least, default_max_tokens=default)
    for wait_s in (0.0, 0.4, 2.0)
    for least in (1, 64)
    for default in (50, 1_000)
]


def _rule(random: Random, tight: float) -> Rule:
    scope = random.choice(_SCOPES)
    named = {"org": "acme", "feature": "f1", "model": "dear", "tag": "team=search", "key": "k1"}
    name = named.get(scope) if random.random() < 0.5 or scope == "tag" else None
    return Rule(scope, name, _limit(random, tight))


def _limit(random: Random, tight: float) -> Limit:
    kind = random.random()
    if kind < 0.65:
        return Limit("usd", random.choice(_WINDOWS), int(CENT * tight * (0.1 + random.random() * 3)))
    if kind < 0.85:
        return Limit("tokens", random.choice(_WINDOWS), int(1_500 * tight * (0.1 + random.random() * 3)))
    unit, window, most = random.choice(_PACES)
    return Limit(unit, window, most)


_PACES: list[tuple[Unit, Window, int]] = [
    ("requests", "minute", 3),
    ("requests", "minute", 60),
    ("tokens", "minute", 3_000),
    ("calls", "now", 2),
    ("calls", "now", 4),
]


def _call(random: Random, workers: int) -> Call:
    steps = random.randrange(14) if random.random() < 0.15 else None
    return Call(
        at_s=random.choice((0.0, 0.0, random.random() * 3, random.random() * 12)),
        worker=random.randrange(workers),
        ask=random.randrange(15),
        key=random.randrange(2),
        feature=random.randrange(2),
        user=random.randrange(2),
        targets=random.choice(((0,), (1,), (0, 1), (1, 0))),
        ends=tuple(random.choice(("ok", "ok", "free", "paid", "early")) for _ in range(4)),
        lasts_s=tuple(random.choice((0.0, random.random(), random.random() * 8)) for _ in range(4)),
        hedged=random.random() < 0.2,
        cancel_after=steps,
        cancel_at_s=random.random() * 6 if steps is None and random.random() < 0.2 else None,
        unhurried=random.random() < 0.3,
    )


def _jump(random: Random) -> tuple[float, float]:
    far_s = random.choice((1.0, 30.0, 3_600.0, 86_400.0, 40 * 86_400.0))
    return random.random() * 12, far_s * random.choice((-1, 1)) * random.random()
