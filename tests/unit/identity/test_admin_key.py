"""The admin key: from the environment, or made once, shown once, kept as a hash."""

from pathlib import Path

from headworks.identity.ring import KeyRing
from headworks.testing.clock import FakeClock

PEPPER = b"p" * 32


def opened(data_dir: Path) -> KeyRing:
    ring = KeyRing(data_dir, FakeClock(), PEPPER)
    ring.open()
    return ring


def test_the_first_start_makes_a_key_and_no_later_one_does(tmp_path: Path) -> None:
    first = opened(tmp_path)
    key = first.ensure_admin_key({})
    assert key is not None
    assert first.is_admin(key)
    first.close()
    second = opened(tmp_path)
    assert second.ensure_admin_key({}) is None
    assert second.is_admin(key)
    assert [entry.action for entry in second.history("admin")] == ["create_admin"]
    second.close()


def test_the_environment_wins_over_the_stored_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    made = ring.ensure_admin_key({})
    assert made is not None
    assert ring.ensure_admin_key({"HEADWORKS_ADMIN_KEY": "mine"}) is None
    assert ring.is_admin("mine")
    assert not ring.is_admin(made)
    ring.close()


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    assert ring.ensure_admin_key({"HEADWORKS_ADMIN_KEY": ""}) is not None
    assert not ring.is_admin("")
    ring.close()


def test_nobody_is_admin_before_there_is_a_key(tmp_path: Path) -> None:
    ring = opened(tmp_path)
    assert not ring.is_admin("")
    assert not ring.is_admin("anything")
    ring.close()
