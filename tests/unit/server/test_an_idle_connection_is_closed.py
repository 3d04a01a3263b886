"""A connection that is idle for the keep-alive time is closed; one timer looks after it, however many requests come."""

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from headworks.server.protocol import ConnectionProtocol

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


class Loop:
    """A loop whose time is told, and whose timers are called by hand."""

    def __init__(self):
        self.now_s = 1000.0
        self.timers = []
        self.tasks = []

    def time(self):
        return self.now_s

    def call_later(self, seconds, work):
        self.timers.append([self.now_s + seconds, work])
        return self

    def cancel(self):
        self.timers.clear()

    def create_task(self, work):
        self.tasks.append(work)
        work.close()
        return self

    def add_done_callback(self, work):
        """Nothing is ever done here."""

    def pass_(self, seconds):
        """Let time go by."""
        until_s = self.now_s + seconds
        while self.timers and min(self.timers, key=lambda timer: timer[0])[0] <= until_s:
            timer = min(self.timers, key=lambda timer: timer[0])
            self.timers.remove(timer)
            self.now_s = timer[0]
            timer[1]()
        self.now_s = until_s


class Transport:
    """Notes whether it was closed."""

    closed = False

    def get_extra_info(self, name, default=None):
        return default

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def resume_reading(self):
        """Nothing was paused."""


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def connection(loop):
    async def app(scope, receive, send):
        """Never run."""

    config = Config(app, loop="none", lifespan="off", log_config=None, timeout_keep_alive=5)
    config.load()
    protocol = ConnectionProtocol(config, ServerState(), {}, _loop=loop)
    protocol.connection_made(Transport())
    return protocol


def answered(connection):
    connection.data_received(REQUEST)
    connection.cycle.response_complete = True
    connection.on_response_complete()


def test_an_idle_connection_is_closed_in_time(loop, connection):
    answered(connection)
    loop.pass_(4.9)
    assert not connection.transport.closed
    loop.pass_(0.1)
    assert connection.transport.closed


def test_the_time_counts_from_the_last_answer_and_there_is_one_timer(loop, connection):
    for _ in range(10):
        answered(connection)
        assert len(loop.timers) == 1
        loop.pass_(3)
    loop.pass_(1.9)
    assert not connection.transport.closed
    loop.pass_(0.1)
    assert connection.transport.closed


@pytest.mark.parametrize("data", [REQUEST, REQUEST[:10]], ids=["a call", "a part of a request"])
def test_a_connection_at_work_is_not_idle(loop, connection, data):
    answered(connection)
    connection.data_received(data)
    loop.pass_(1000)
    assert not connection.transport.closed
    assert loop.timers == []
    connection.cycle.response_complete = True
    connection.on_response_complete()
    loop.pass_(5)
    assert connection.transport.closed


def test_a_connection_that_is_lost_leaves_no_timer(loop, connection):
    answered(connection)
    connection.connection_lost(OSError("reset"))
    assert loop.timers == []
