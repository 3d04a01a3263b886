"""Both boards, each seen by two workers; a third may be started later, as a worker that takes a dead one's place."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headworks.providers.health import Board, LocalBoard, SharedBoard
from headworks.testing import FakeClock

NewBoard = Callable[[], Board]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["local", "shared"])
def new_board(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[NewBoard]:
    """Makes the board of one more worker; all of them hold the same entries, 100 at most."""
    if request.param == "local":
        local = LocalBoard(most=100)
        yield lambda: local
        return
    opened: list[SharedBoard] = []

    def make() -> Board:
        opened.append(SharedBoard(tmp_path / "health.sqlite", clock, most=100))
        return opened[-1]

    yield make
    for board in opened:
        board.close()
