"""Real workers on one file: never two probes at once, and a worker that is killed does not keep its claim for ever."""

import subprocess
import sys
import time
from pathlib import Path

from headworks.providers.health import Health, Lane, SharedBoard
from headworks.testing import FakeClock

SOURCE = str(Path(__file__).parents[3] / "src")
LANE = Lane("lab", "small", 0)

HOLDER = """
import sys, time
from pathlib import Path
from headworks.core.clock import SystemClock
from headworks.providers.health import Health, HealthSettings, Lane, SharedBoard
health = Health(SystemClock(), SharedBoard(Path(sys.argv[1]), SystemClock()), HealthSettings(open_s=0.01))
lane = Lane("lab", "small", 0)
for _ in range(5):
    health.failed(health.admit(lane))
while (probe := health.admit(lane)) is None:
    time.sleep(health.free_in_s(lane))
print("probing", probe.probe, flush=True)
time.sleep(600)
"""

PROBER = """
import os, sys, time
from pathlib import Path
from headworks.core.clock import SystemClock
from headworks.providers.health import Health, HealthSettings, Lane, SharedBoard
rules = HealthSettings(open_s=0.002, open_most_s=0.002, probes=1000, look_s=0.001)
health = Health(SystemClock(), SharedBoard(Path(sys.argv[1]), SystemClock()), rules)
mark, lane, probes = Path(sys.argv[2]), Lane("lab", "small", 0), 0
sys.stdin.read()
while probes < 100:
    admission = health.admit(lane)
    if admission is None:
        time.sleep(0.0002)
    elif not admission.probe:
        health.failed(admission)
    else:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))  # fails if another worker is probing
        time.sleep(0.001)
        mark.unlink()
        (health.failed, health.succeeded, health.released)[probes % 3](admission)
        probes += 1
print("probes", probes)
"""


def start(program: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": SOURCE},
    )


def test_a_killed_workers_claim_expires(tmp_path: Path) -> None:
    file = tmp_path / "health.sqlite"
    holder = start(HOLDER, str(file))
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "probing True\n"
    finally:
        holder.kill()  # SIGKILL: it can do nothing more
        holder.communicate()
    clock = FakeClock(time.time())
    board = SharedBoard(file, clock)
    survivor = Health(clock, board)
    assert survivor.admit(LANE) is None
    assert [(state.state, state.probing) for state in survivor.states()] == [("half_open", True)]
    clock.advance(50)
    assert survivor.admit(LANE) is None
    clock.advance(10)
    probe = survivor.admit(LANE)
    assert probe is not None
    assert probe.probe
    assert survivor.admit(LANE) is None
    survivor.succeeded(probe)
    second = survivor.admit(LANE)
    assert second is not None
    survivor.succeeded(second)
    assert survivor.states() == []
    board.close()


def test_workers_that_all_want_to_probe_do_so_one_after_the_other(tmp_path: Path) -> None:
    workers = [start(PROBER, str(tmp_path / "health.sqlite"), str(tmp_path / "probing")) for _ in range(3)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
        worker.stdin = None
    said = [worker.communicate(timeout=120)[0] for worker in workers]
    assert said == ["probes 100\n"] * 3
    assert [worker.returncode for worker in workers] == [0, 0, 0]
