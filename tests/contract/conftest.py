"""A Valkey server for the session, emptied before each test that uses it, and one that a test may harm."""

from collections.abc import Iterator

import pytest
from tests.contract.cache.valkey import Valkey


@pytest.fixture(scope="session")
def lasting() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def valkey(lasting: Valkey) -> Valkey:
    lasting.ask("FLUSHALL")
    return lasting


@pytest.fixture
def harmed() -> Iterator[Valkey]:
    """A server that this test may harm."""
    server = Valkey()
    server.start()
    yield server
    server.remove()
