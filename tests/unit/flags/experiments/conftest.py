"""What the tests of experiments share: a desk on a board in memory, and records that a test makes up."""

from collections.abc import Iterable

import pytest

from headworks.core.errors import StoreError
from headworks.flags.experiments import Assignments, Batch, Call, Checks, Desk, Opinion, Plan, Watch
from headworks.testing import FakeBoard, FakeClock

NOW_S = 1_767_225_600.0
TWO = ["control:50", "new:50"]


class FakeRecords:
    """Records in the order in which they were made, at most `size` of each kind at once."""

    def __init__(self, size: int = 10_000) -> None:
        self.calls: list[Call] = []
        self.opinions: list[Opinion] = []
        self.size = size
        self.broken = False
        self.read = 0

    def __call__(self, feature: str, experiment: str, since_s: float, place: tuple[int, ...] | None) -> Batch:
        if self.broken:
            raise StoreError("The trace ledger cannot be read.")
        first, second = place or (0, 0)
        calls = self.calls[first : first + self.size]
        opinions = self.opinions[second : second + self.size]
        after = (first + len(calls), second + len(opinions))
        self.read += len(calls) + len(opinions)
        return Batch(calls=calls, opinions=opinions, place=after, more=after != (len(self.calls), len(self.opinions)))


class House:
    """Everything around experiments, with time that stands still."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW_S)
        self.board = FakeBoard(self.clock)
        self.missing: set[str] = set()
        self.checks = Checks(features=lambda: {"bot", "search"}, complaint=self._complaint)
        self.desk = Desk(self.board, self.checks, self.clock)
        self.assignments = Assignments(self.board)
        self.records = FakeRecords()
        self.told: list[tuple[str, str]] = []
        self.watch = self.another_watch()

    def another_watch(self, board=None) -> Watch:
        desk = self.desk if board is None else Desk(board, self.checks, self.clock)
        return Watch(desk, self.records, self.clock, lambda kind, one, why: self.told.append((kind, why)))

    async def start(self, variants: list[str] | None = None, **plan):
        return await self.desk.start(Plan(feature="bot", variants=variants or TWO, **plan), who="ann")

    def user(self, number: int):
        """What the user of this number gets."""
        found = self.assignments.of("bot", f"user-{number}")
        assert found is not None
        return found

    def call(self, numbers: Iterable[int], *, failing: str = "", dear: str = "", times: int = 1) -> None:
        """Users call; calls of the variant `failing` fail, those of `dear` cost twice as much."""
        for number in numbers:
            variant = self.user(number).variant or ""
            for turn in range(times):
                self.records.calls.append(
                    Call(
                        trace_id=f"t{number}-{turn}-{len(self.records.calls)}",
                        at_s=self.clock.now(),
                        unit=f"u:user-{number}",
                        variant=variant,
                        failed=variant == failing,
                        cost_usd=(0.01 + 0.001 * (number % 7)) * (2 if variant == dear else 1),
                        latency_s=1.0 + number % 5 / 10,
                        ttft_s=0.2 + number % 3 / 10,
                    )
                )

    def vote(self, numbers: Iterable[int], chances: dict[str, int]) -> None:
        """Users vote; of ten users of a variant so many put the thumb up."""
        for number in numbers:
            variant = self.user(number).variant or ""
            self.records.opinions.append(
                Opinion(
                    metric="feedback",
                    trace_id=f"v{number}",
                    at_s=self.clock.now(),
                    unit=f"u:user-{number}",
                    variant=variant,
                    value=float(number * 7919 % 10 < chances[variant]),
                )
            )

    def _complaint(self, feature, release):
        wanted = {release.prompt, release.model} & self.missing
        return f"`{wanted.pop()}` does not exist." if wanted else None


@pytest.fixture
def house():
    return House()
