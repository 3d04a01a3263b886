"""Every shipped scenario against the real gateway, over real sockets, side by side: most of the time is waiting."""

from typing import Any

import pytest

from headworks.drills import shipped

SET = [scenario.name for scenario in shipped() if not scenario.long]


@pytest.fixture(scope="module")
def verdicts(drills: Any) -> dict[str, dict[str, Any]]:
    """What became of each, from one run of the command."""
    return drills.verdicts()


@pytest.mark.parametrize("name", SET)
def test_what_is_expected_comes_of_it(verdicts: dict[str, dict[str, Any]], name: str) -> None:
    verdict = verdicts[name]
    assert verdict["failure"] is None
    unmet = [check for check in verdict["checks"] if not check["met"]]
    assert unmet == [], verdict["title"]
