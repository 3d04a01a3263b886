"""Without the shared file each worker goes on by itself, says so once, and comes back when the file does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from structlog.testing import capture_logs

from headworks.providers.health import Admission, Health, Lane, SharedBoard
from headworks.testing import FakeClock

LANE = Lane("lab", "small", 0)


def admitted(health: Health) -> Admission:
    admission = health.admit(LANE)
    assert admission is not None
    return admission


def fail(health: Health) -> None:
    for _ in range(5):
        health.failed(admitted(health))
    assert health.admit(LANE) is None


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "health.sqlite"


@pytest.fixture
def boards(file: Path, clock: FakeClock) -> Iterator[tuple[SharedBoard, SharedBoard]]:
    here, there = SharedBoard(file, clock), SharedBoard(file, clock)
    yield here, there
    here.close()
    there.close()


Boards = tuple[SharedBoard, SharedBoard]


def whole_life(health: Health, clock: FakeClock) -> None:
    """Opening, probing and closing, by one worker."""
    fail(health)
    clock.advance(1)
    health.failed(admitted(health))
    clock.advance(2)
    for _ in range(2):
        probe = admitted(health)
        assert probe.probe
        assert health.admit(LANE) is None
        health.succeeded(probe)
    assert not admitted(health).probe


def events(logs: Any) -> list[str]:
    return [log["event"] for log in logs]


def test_breakers_work_without_a_file_and_the_log_says_so_once(clock: FakeClock, boards: Boards) -> None:
    health = Health(clock, boards[0])
    with capture_logs() as logs:
        boards[0].open()
        for _ in range(20):
            whole_life(health, clock)
            clock.advance(10)
    assert events(logs) == ["health_board_away"]
    assert logs[0]["file"] == "health.sqlite"


def test_when_the_file_is_there_again_all_share_again(clock: FakeClock, boards: Boards, file: Path) -> None:
    here, there = (Health(clock, board) for board in boards)
    with capture_logs() as logs:
        fail(here)
        assert there.admit(LANE) is not None
        file.parent.mkdir()
        clock.advance(5)
        for health in (here, there):
            health.states()
        assert events(logs) == ["health_board_away"] * 2 + ["health_board_back"] * 2
    probe = admitted(here)  # opened while alone, probed together
    assert probe.probe
    clock.advance(0.1)
    assert there.admit(LANE) is None
    here.succeeded(probe)
    assert admitted(here).probe


def test_what_others_wrote_meanwhile_is_read_when_it_is_back(clock: FakeClock, file: Path, boards: Boards) -> None:
    file.parent.mkdir()
    here, there = (Health(clock, board) for board in boards)
    fail(here)
    clock.advance(0.1)
    assert there.admit(LANE) is None
    boards[0]._lost(OSError("the disk is away"))
    clock.advance(0.9)
    for _ in range(2):
        there.succeeded(admitted(there))
    assert here.states()[0].state == "half_open"
    clock.advance(5)
    assert here.states() == []


def test_what_a_worker_believed_alone_gives_way_to_what_all_know(clock: FakeClock, file: Path, boards: Boards) -> None:
    file.parent.mkdir()
    here = Health(clock, boards[0])
    with capture_logs():
        here.denied(admitted(here), whole_key=True)
        clock.advance(300)
        here.denied(admitted(here), whole_key=True)
        clock.advance(1)
        assert here.admit(LANE) is None  # it has read its own entry
        boards[0]._lost(OSError("the disk is away"))
        clock.advance(4)
        here._rests.close(("lab", None, 0))
        assert here.admit(LANE) is not None
        clock.advance(1)
        assert here.admit(LANE) is None
    assert here.free_in_s(LANE) == pytest.approx(294)


def test_a_new_file_is_read_as_the_old_one_was(clock: FakeClock, file: Path, boards: Boards) -> None:
    file.parent.mkdir()
    here, there = (Health(clock, board) for board in boards)
    for number in range(10):
        admission = here.admit(Lane("lab", f"model {number}", 0))
        assert admission is not None
        here.limited(admission, 100)
    clock.advance(0.1)
    assert len(there.states()) == 10
    for board in boards:
        board._lost(OSError("the file is broken"))
    for part in file.parent.iterdir():
        part.unlink()
    clock.advance(5)
    assert len(there.states()) == 10
    fail(here)
    clock.advance(0.1)
    assert there.admit(LANE) is None


def test_a_file_that_is_no_database_is_as_good_as_none(clock: FakeClock, boards: Boards, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"this is not a database" * 500)
    health = Health(clock, boards[0])
    with capture_logs() as logs:
        whole_life(health, clock)
        file.unlink()
        clock.advance(5)
        fail(health)
    assert events(logs) == ["health_board_away", "health_board_back"]
    clock.advance(0.1)
    assert Health(clock, boards[1]).admit(LANE) is None


def test_a_file_that_breaks_under_the_worker_is_left_alone(clock: FakeClock, boards: Boards, file: Path) -> None:
    file.parent.mkdir()
    health = Health(clock, boards[0])
    whole_life(health, clock)
    with apsw.Connection(str(file)) as other:
        other.execute("DROP TABLE health_entries")
    with capture_logs() as logs:
        clock.advance(1)
        whole_life(health, clock)
    assert events(logs) == ["health_board_away"]


def test_a_newer_programs_file_is_left_alone(clock: FakeClock, boards: Boards, file: Path) -> None:
    file.parent.mkdir()
    boards[1].open()
    other = apsw.Connection(str(file))
    other.execute("UPDATE schema_versions SET version = 99")
    other.close()
    with capture_logs() as logs:
        whole_life(Health(clock, boards[0]), clock)
    assert events(logs) == ["health_board_away"]
    assert "newer" in logs[0]["reason"]


def test_a_worker_that_writes_for_long_lets_nobody_probe_beside_it(
    clock: FakeClock, boards: Boards, file: Path
) -> None:
    file.parent.mkdir()
    here, there = (Health(clock, board) for board in boards)
    fail(here)
    clock.advance(1)
    other = apsw.Connection(str(file))
    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        assert here.admit(LANE) is None
        other.execute("ROLLBACK")
        probe = admitted(here)
    assert logs == []
    clock.advance(0.1)
    assert there.admit(LANE) is None
    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        here.failed(probe)
    assert events(logs) == ["health_board_away"]
    assert here.free_in_s(LANE) == 2
    other.execute("ROLLBACK")
    other.close()


def test_nothing_in_the_file_looks_like_a_key(clock: FakeClock, boards: Boards, file: Path) -> None:
    file.parent.mkdir()
    health = Health(clock, boards[0])
    with capture_logs():
        health.denied(admitted(health), whole_key=True)
    other = apsw.Connection(str(file))
    (row,) = other.execute("SELECT provider, key, whole, model, state FROM health_entries").fetchall()
    other.close()
    assert row == ("lab", 0, 1, "", "denied")
