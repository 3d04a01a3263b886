"""Drills that never happened: made up to the last figure, to be judged."""

from typing import Any

import pytest

from headworks.core.messages import Prices
from headworks.drills.course import Course
from headworks.drills.load.calling import Outcome
from headworks.drills.load.hearing import Heard
from headworks.drills.load.questions import Question
from headworks.drills.scenario import Scenario
from headworks.drills.stage.cast import Cast
from headworks.drills.stage.providers import Happened
from headworks.testing import Call

ZERO_AT = 1_000_000.0
CAST = Cast(
    models=("main",),
    providers=("h", "s"),
    homes=frozenset({"h"}),
    spares=frozenset({"s"}),
    prices={("h", "m"): Prices(input=500, output=1500), ("s", "m"): None},
)


class Made:
    """Makes outcomes, provider calls and courses."""

    def outcome(self, number: int, **given: Any) -> Outcome:
        question = Question(
            number=number, client="openai", stream=True, model="main", text=f"drill-{number} x", max_tokens=9
        )
        begun_s = given.pop("begun_s", 0.0)
        heard = given.pop("heard", Heard(input_tokens=10, output_tokens=5))
        usual = {
            "kind": "whole", "why": "", "status": 200, "spoke_s": None, "ended_s": begun_s + 0.1,
            "provider": "h", "attempts": 1, "trace_id": f"t{number}",
        }  # fmt: skip
        return Outcome(**(usual | given), question=question, heard=heard, begun_s=begun_s)

    def call(self, number: int, came_s: float = 0.0, ended_s: float = 0.1, **given: Any) -> Call:
        body = b'{"messages": [{"content": "drill-%d x"}]}' % number
        usual = {"status": 200, "bytes_sent": 100, "ended": True}
        return Call(
            **(usual | given), method="POST", path="/", query="", headers={}, body=body,
            received_s=ZERO_AT + came_s, ended_s=ZERO_AT + ended_s,
        )  # fmt: skip

    def event(self, at_s: float, provider: str = "h", *, harms: bool = True, down: bool = False) -> Happened:
        return Happened(provider=provider, at_s=at_s, harms=harms, down=down)

    def course(self, outcomes: list[Outcome], **given: Any) -> Course:
        expect = {"cost": "unchecked"} | given.pop("expect", {})
        scenario = Scenario.model_validate({"name": "made", "title": "Made up", "expect": expect})
        usual: dict[str, Any] = {
            "cast": CAST, "happened": [], "records": {}, "straight_ms": {("openai", True): 40.0},
        }  # fmt: skip
        calls = {"h": [], "s": []} | given.pop("calls", {})
        return Course(**(usual | given), scenario=scenario, outcomes=outcomes, calls=calls, zero_at=ZERO_AT)


@pytest.fixture
def made() -> Made:
    return Made()
