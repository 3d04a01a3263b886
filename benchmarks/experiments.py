"""`python -m benchmarks.experiments`: how often experiments are wrong and how soon they are right, played many times.

Users vote thumbs up with a chance of their own, spread around the true rate (Beta distribution), and come back: half of
all votes are those of users who voted before. After every 50 new users somebody looks, and stops at the first look that
is certain. The sums and the intervals are those of the gateway; beside them stand the tests that people use by hand.
"""

import argparse
import math
import random
import statistics
from collections.abc import Callable, Iterator

from msgspec import Struct

from headworks.core.clock import SystemClock
from headworks.flags.experiments.assignment import Split, assignment, unit_of
from headworks.flags.experiments.measure.calls import Batch, Call
from headworks.flags.experiments.measure.findings import below, enough, interval
from headworks.flags.experiments.measure.moments import Moments
from headworks.flags.experiments.measure.sequences import log_mismatch, users_needed
from headworks.flags.experiments.measure.tally import Tally
from headworks.flags.experiments.records import Experiment, Guard, Variant

ALPHA, EVERY = 0.05, 50
BASE, BETTER = 0.60, 0.65
LONE = 7 / 3
"""a + b of the Beta distribution: two votes of one user correlate by 1 / (1 + a + b) = 0.3."""
Z = 1.959964


class Sides(Struct):
    """Two variants under way: sums by user, and plain counts of votes as a test by hand has them."""

    moments: tuple[Moments, Moments]
    votes: list[int]
    ups: list[int]


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments", description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000, help="experiments of each kind (default: 2000)")
    runs = parser.parse_args().runs
    planned = users_needed(BETTER - BASE, 0.25, (0.5, 0.5), ALPHA)
    fixed = math.ceil(4 * 0.25 * ((Z + 0.8416) / (BETTER - BASE)) ** 2)
    print(f"Planned: {planned:,} users for +5 points; a single look at a fixed number needs {fixed:,}.\n")
    _verdicts(runs, planned)
    _mismatches(runs)
    _guards(runs // 4)
    _costs()


def _verdicts(runs: int, planned: int) -> None:
    print("| | users at most | ours | test of users, peeking | test of votes, peeking | ours, median users |")
    print("|---|--:|--:|--:|--:|--:|")
    lines = (
        ("A/A, one vote each", BASE, 0.0, planned),
        ("A/A, users come back", BASE, 0.5, planned),
        ("A/A, users come back, 3 times as long", BASE, 0.5, 3 * planned),
        ("+5 points, one vote each", BETTER, 0.0, planned),
        ("+5 points, users come back", BETTER, 0.5, planned),
    )
    for name, rate, back, most in lines:
        played = runs if most == planned else runs // 2
        stops = [_play(random.Random(seed), rate, back, most, planned) for seed in range(played)]
        found = [sum(stop[test] is not None for stop in stops) / played for test in range(3)]
        ours = [stop[0] for stop in stops if stop[0] is not None]
        median = f"{statistics.median(ours):,.0f}" if ours else "-"
        percents = " | ".join(f"{share * 100:.1f} %" for share in found)
        print(f"| {name} ({played:,} runs) | {most:,} | {percents} | {median} |", flush=True)


def _play(rng: random.Random, rate: float, back: float, most: int, planned: int) -> list[int | None]:
    """After how many users each test was certain: ours, that of users at 1.96, that of votes at 1.96."""
    sides = Sides(moments=(Moments(), Moments()), votes=[0, 0], ups=[0, 0])
    stops: list[int | None] = [None, None, None]
    for users in _looks(rng, sides, (BASE, rate), back, most):
        if stops[0] is None and enough(*sides.moments):
            low, high = interval(*sides.moments, rate=True, alpha=ALPHA, planned=planned)
            stops[0] = users if low > 0 or high < 0 else None
        if stops[1] is None:
            stops[1] = users if abs(_by_users(*sides.moments)) > Z else None
        if stops[2] is None:
            stops[2] = users if abs(_by_votes(sides)) > Z else None
        if None not in stops:
            break
    return stops


def _looks(rng: random.Random, sides: Sides, rates: tuple[float, float], back: float, most: int) -> Iterator[int]:
    """Let users come and vote; yields the number of users whenever somebody looks."""
    draw, known = rng.random, list[list[float]]()
    for users in range(1, most + 1):
        while known and draw() < back:
            _vote(sides, known[int(draw() * len(known))], draw)
        side = int(draw() < 0.5)
        chance = rng.betavariate(rates[side] * LONE, (1 - rates[side]) * LONE) if back else rates[side]
        user = [side, chance, 0.0, 0.0]
        if back:
            known.append(user)
        _vote(sides, user, draw)
        if users % EVERY == 0:
            yield users


def _vote(sides: Sides, user: list[float], draw: Callable[[], float]) -> None:
    side, up = int(user[0]), float(draw() < user[1])
    sides.moments[side].change((user[2], user[3]), up, 1.0)
    user[2] += up
    user[3] += 1.0
    sides.votes[side] += 1
    sides.ups[side] += int(up)


def _by_users(control: Moments, variant: Moments) -> float:
    if min(control.users, variant.users) < 2:
        return 0.0
    error = (control.variance(rate=True) + variant.variance(rate=True)) ** 0.5
    return (variant.y / variant.n - control.y / control.n) / error


def _by_votes(sides: Sides) -> float:
    (votes_a, votes_b), (ups_a, ups_b) = sides.votes, sides.ups
    if not votes_a or not votes_b:
        return 0.0
    pooled = (ups_a + ups_b) / (votes_a + votes_b)
    error = (pooled * (1 - pooled) * (1 / votes_a + 1 / votes_b)) ** 0.5
    return (ups_b / votes_b - ups_a / votes_a) / error if error else 0.0


def _mismatches(runs: int) -> None:
    print("\n| shares of the users | lost of the new variant | alarms | median users |\n|---|--:|--:|--:|")
    for new, lost in ((0.5, 0.0), (0.1, 0.0), (0.5, 0.05), (0.5, 0.1), (0.1, 0.1)):
        stops = [_mismatch(random.Random(seed), new, lost) for seed in range(runs)]
        found = [stop for stop in stops if stop is not None]
        median = f"{statistics.median(found):,.0f}" if found else "-"
        print(
            f"| {100 - new * 100:g} : {new * 100:g} | {lost * 100:g} % | {len(found) / runs * 100:.1f} % | {median} |"
        )


def _mismatch(rng: random.Random, new: float, lost: float) -> int | None:
    counts = [0, 0]
    for users in range(1, 20_001):
        side = int(rng.random() < new)
        if side and rng.random() < lost:
            continue
        counts[side] += 1
        if users % EVERY == 0 and log_mismatch(counts, [1 - new, new]) > math.log(1_000):
            return users
    return None


def _guards(runs: int) -> None:
    """Costs are log-normal and as wide as their mean, four calls of each user; four guards share alpha."""
    print("\n| guard, 90 : 10 | truth | rolled back within 20,000 users | median users |\n|---|---|--:|--:|")
    lines = (("cost:0.2", 1.0), ("cost:0.2", 1.2), ("cost:0.2", 1.5), ("cost:0.2", 2.0))
    for text, factor in lines:
        stops = [_guard(random.Random(seed), factor) for seed in range(runs)]
        found = [stop for stop in stops if stop is not None]
        median = f"{statistics.median(found):,.0f}" if found else "-"
        print(f"| {text} | {(factor - 1) * 100:+g} % | {len(found) / runs * 100:.1f} % | {median} |", flush=True)


def _guard(rng: random.Random, factor: float) -> int | None:
    guard, width = Guard(metric="cost", margin=0.2), math.log(2) ** 0.5
    sides = (Moments(), Moments())
    for users in range(1, 20_001):
        side = int(rng.random() < 0.1)
        spent = sum(rng.lognormvariate(-width * width / 2, width) for _ in range(4)) * (factor if side else 1)
        sides[side].change((0.0, 0.0), spent, 4.0)
        if users % EVERY == 0 and enough(*sides):
            _, beyond = below(*sides, guard, alpha=ALPHA / 4, planned=5_000)
            if beyond > 0:
                return users
    return None


def _costs() -> None:
    """What a call pays for being in an experiment, or not; and what reading one record costs the one who looks."""
    variants = tuple(Variant(name=name, share=share) for name, share in (("control", 34), ("a", 33), ("b", 33)))
    experiment = Experiment(
        feature="bot", name="bot-1", run=1, salt="bot-1", variants=variants, metric="feedback", started_s=0, since_s=0
    )
    split = Split(experiment)
    table = {"bot": split}
    users = [f"user-{index}" for index in range(100_000)]
    print("\n| | us |\n|---|--:|")
    inside = _each(lambda user: assignment(table, "bot", unit_of(user, None, None)), users)
    outside = _each(lambda user: assignment(table, "other", user), users)
    print(f"| `assignment` of a call in an experiment | {inside:.2f} |")
    print(f"| of a feature without one | {outside:.2f} |")
    tally = Tally(experiment)
    calls = [
        Call(trace_id="", at_s=1, unit=f"u:{u}", variant=split.of(f"u:{u}").variant or "", cost_usd=0.01, latency_s=2.0)
        for u in users
    ]
    begun_s = SystemClock.monotonic()
    tally.add(Batch(calls=calls, opinions=[], place=()))
    print(f"| counting one call | {(SystemClock.monotonic() - begun_s) / len(calls) * 1e6:.2f} |")


def _each(work: Callable[[str], object], users: list[str]) -> float:
    """Microseconds a call takes, the best of five rounds, less the loop."""
    best = min(_round(work, users) for _ in range(5))
    return max(0.0, best - min(_round(lambda user: user, users) for _ in range(5))) / len(users) * 1e6


def _round(work: Callable[[str], object], users: list[str]) -> float:
    begun_s = SystemClock.monotonic()
    for user in users:
        work(user)
    return SystemClock.monotonic() - begun_s


if __name__ == "__main__":
    main()
