"""Whatever happens in whatever order: never two probes at once, no rest beyond its rule, always back in the end."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from structlog.testing import capture_logs

from headworks.providers.health import Admission, Board, Health, HealthSettings, Lane, LocalBoard, SharedBoard
from headworks.testing import FakeClock

LANES = [Lane("lab", model, key) for model in ("small", "large") for key in (0, 1)]
RULES = HealthSettings()
LONGEST_S = 300.0
WORKERS = 3


class Workers(RuleBasedStateMachine):
    """Several workers on one board; the wall clock jumps as it likes."""

    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.ends = ExitStack()
        self.ends.enter_context(capture_logs())
        boards = self.boards()
        self.workers = [Health(self.clock, boards[number]) for number in range(WORKERS)]
        self.observer = Health(self.clock, boards[WORKERS])  # the workers themselves look only when they are asked
        self.probes: dict[Admission, float] = {}

    def boards(self) -> list[Board]:
        """One for each worker, and one for the observer."""
        return [LocalBoard()] * (WORKERS + 1)

    @rule(target=calls, worker=st.integers(0, WORKERS - 1), lane=st.sampled_from(LANES))
    def admit(self, worker: int, lane: Lane) -> tuple[int, Admission] | None:
        health = self.workers[worker]
        free_in_s = health.free_in_s(lane)
        admission = health.admit(lane)
        if free_in_s > 0:
            assert admission is None
        if admission is None:
            return None
        assert admission.lane == lane
        if admission.probe:
            self.probes = {p: at for p, at in self.probes.items() if self.clock.monotonic() - at < RULES.claim_s - 0.01}
            assert not [p for p in self.probes if p.lane == lane]
            self.probes[admission] = self.clock.monotonic()
        return worker, admission

    @rule(call=consumes(calls), how=st.sampled_from(["succeeded", "failed", "released"]))
    def end(self, call: tuple[int, Admission] | None, how: str) -> None:
        if call is not None:
            worker, admission = call
            getattr(self.workers[worker], how)(admission)
            self.probes.pop(admission, None)

    @rule(call=consumes(calls), wait_s=st.none() | st.floats(0, LONGEST_S))
    def limit(self, call: tuple[int, Admission] | None, wait_s: float | None) -> None:
        if call is not None:
            worker, admission = call
            self.workers[worker].limited(admission, wait_s)
            self.probes.pop(admission, None)

    @rule(call=consumes(calls), whole_key=st.booleans())
    def deny(self, call: tuple[int, Admission] | None, whole_key: bool) -> None:
        if call is not None:
            worker, admission = call
            self.workers[worker].denied(admission, whole_key=whole_key)
            self.probes.pop(admission, None)

    @rule(worker=st.integers(0, WORKERS - 1), lane=st.sampled_from(LANES))
    def outage(self, worker: int, lane: Lane) -> None:
        for _ in range(5):
            admission = self.workers[worker].admit(lane)
            if admission is not None:
                self.workers[worker].failed(admission)

    @rule(seconds=st.sampled_from([0.05, 0.1, 0.5, 1, 2, 5, 30, 60, 300]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from([-3600, -5, 5, 3600]))
    def jump(self, seconds: float) -> None:
        self.clock.jump(seconds)

    @invariant()
    def no_rest_is_longer_than_its_rule(self) -> None:
        assert all(0 <= state.free_in_s <= LONGEST_S + 0.001 for state in self.observer.states())

    def teardown(self) -> None:
        with self.ends:
            self.all_come_back()

    def all_come_back(self) -> None:
        """Everybody waits as long as he is told; then good answers bring each lane back, everywhere."""
        health = self.workers[0]
        health.states()
        self.clock.advance(RULES.claim_s)  # a minute after it has heard of them, probes that never ended are given up
        for lane in LANES:
            for _ in range(10):
                self.clock.advance(max(health.free_in_s(lane), RULES.look_s))
                admission = health.admit(lane)
                assert admission is not None
                health.succeeded(admission)
        self.clock.advance(RULES.look_s)
        for health in self.workers:
            assert health.states() == []
            assert [health.free_in_s(lane) for lane in LANES] == [0, 0, 0, 0]


class WorkersOnAFile(Workers):
    """The same, each worker with a connection of its own to one file."""

    def boards(self) -> list[Board]:
        file = Path(self.ends.enter_context(TemporaryDirectory())) / "health.sqlite"
        boards = [SharedBoard(file, self.clock) for _ in range(WORKERS + 1)]
        for board in boards:
            self.ends.callback(board.close)
        return list(boards)


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestWorkersOnAFile = WorkersOnAFile.TestCase
TestWorkersOnAFile.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
