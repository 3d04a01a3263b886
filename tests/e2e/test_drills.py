"""Every shipped scenario against the real gateway, over real sockets, side by side: most of the time is waiting."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from headworks.drills import shipped

PARALLEL = 12
SET = [scenario.name for scenario in shipped() if not scenario.long]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What became of each, from one run of the command."""
    folder = tmp_path_factory.mktemp("drills")
    ran = subprocess.run(
        [sys.executable, "-m", "headworks", "drill", "run", "all", "--json", "--parallel", str(PARALLEL)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return {verdict["name"]: verdict for verdict in json.loads(ran.stdout)["verdicts"]}


@pytest.mark.parametrize("name", SET)
def test_what_is_expected_comes_of_it(verdicts: dict[str, dict[str, Any]], name: str) -> None:
    verdict = verdicts[name]
    assert verdict["failure"] is None
    unmet = [check for check in verdict["checks"] if not check["met"]]
    assert unmet == [], verdict["title"]
