"""What was seen of one drill: everything that figures, accounts and checks are made from."""

import re
from typing import Any

from msgspec import Struct

from headworks.drills.load.calling import Outcome
from headworks.drills.load.questions import MARK
from headworks.drills.scenario import Scenario
from headworks.drills.stage.cast import Cast
from headworks.drills.stage.providers import Happened
from headworks.testing import Call

_MARK = re.compile(rb"%b(\d+)" % MARK.encode())


class Course(Struct, frozen=True, kw_only=True):
    """A drill as it went.

    Attributes:
        scenario: What was played.
        cast: Who played what.
        outcomes: What became of each call, in their order.
        calls: What each provider received, in order of time.
        happened: The events of the timeline.
        records: The trace record of each call by its id; None when they were not read.
        zero_at: Unix seconds of the first call.
        straight_ms: Milliseconds that a right answer takes straight from a fake, by (client, stream); the median.
    """

    scenario: Scenario
    cast: Cast
    outcomes: list[Outcome]
    calls: dict[str, list[Call]]
    happened: list[Happened]
    records: dict[str, dict[str, Any]] | None
    zero_at: float
    straight_ms: dict[tuple[str, bool], float]

    @property
    def whole(self) -> list[Outcome]:
        """The answers that are right."""
        return [outcome for outcome in self.outcomes if outcome.kind == "whole"]

    @property
    def trouble(self) -> tuple[float, float | None] | None:
        """When trouble at home began and ended, in seconds from the first call; None when there was none.

        The end is None while it lasts.
        """
        home = [event for event in self.happened if event.provider in self.cast.homes]
        begun = [event.at_s for event in home if event.harms]
        if not begun:
            return None
        ended = [event.at_s for event in home if not event.harms and event.at_s > begun[0]]
        return begun[0], ended[-1] if ended and ended[-1] >= begun[-1] else None

    def calls_for(self, provider: str) -> dict[int, list[Call]]:
        """The calls a provider received, by the number of the question they were made for."""
        found: dict[int, list[Call]] = {}
        for call in self.calls[provider]:
            if match := _MARK.search(call.body):
                found.setdefault(int(match[1]), []).append(call)
        return found

    def seconds(self, call: Call) -> tuple[float, float]:
        """When a provider call came and ended, in seconds from the first call of the drill."""
        came_s = call.received_s - self.zero_at
        return came_s, came_s if call.ended_s is None else call.ended_s - self.zero_at
