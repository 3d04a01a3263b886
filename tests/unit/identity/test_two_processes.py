"""Several processes on one key store: what one does, the other sees."""

import subprocess
import sys
from pathlib import Path

import pytest

from headworks.core.errors import RefusedError
from headworks.identity.pepper import load_pepper
from headworks.identity.records import KeySpec
from headworks.identity.ring import KeyRing
from headworks.testing.clock import FakeClock

WORKER = """
import sys
from pathlib import Path
from headworks.core.clock import SystemClock
from headworks.identity.pepper import load_pepper
from headworks.identity.records import KeySpec
from headworks.identity.ring import KeyRing
data_dir = Path(sys.argv[1])
ring = KeyRing(data_dir, SystemClock(), load_pepper(data_dir, {}))
ring.open()
if sys.argv[2] == "revoke":
    ring.revoke(sys.argv[3])
else:
    admin = ring.ensure_admin_key({})
    print("admin", admin) if admin else None
    for number in range(20):
        print("key", ring.create(KeySpec(name=f"{sys.argv[3]}-{number}")).key)
ring.close()
"""


def start(data_dir: Path, *words: str) -> subprocess.Popen[str]:
    source = str(Path(__file__).parents[3] / "src")
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(data_dir), *words],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": source},
    )


def test_processes_that_start_at_once_share_pepper_admin_key_and_keys(tmp_path: Path) -> None:
    workers = [start(tmp_path, "create", name) for name in ("a", "b", "c")]
    lines = [line.split() for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    admins = [key for kind, key in lines if kind == "admin"]
    keys = [key for kind, key in lines if kind == "key"]
    assert (len(admins), len(keys)) == (1, 60)
    ring = KeyRing(tmp_path, FakeClock(), load_pepper(tmp_path, {}))
    ring.open()
    assert ring.ensure_admin_key({}) is None
    assert ring.is_admin(admins[0])
    assert len({ring.caller(key).key_name for key in keys}) == 60
    ring.close()


def test_a_key_revoked_by_another_process_is_refused_a_tenth_of_a_second_later(tmp_path: Path) -> None:
    clock = FakeClock()
    ring = KeyRing(tmp_path, clock, load_pepper(tmp_path, {}))
    ring.open()
    made = ring.create(KeySpec(name="bot"))
    assert ring.caller(made.key)
    other = start(tmp_path, "revoke", made.id)
    other.communicate(timeout=60)
    assert other.returncode == 0
    clock.advance(0.1)
    with pytest.raises(RefusedError):
        ring.caller(made.key)
    ring.close()


def test_a_jumping_wall_clock_does_not_delay_a_revocation(tmp_path: Path) -> None:
    clock = FakeClock()
    pepper = load_pepper(tmp_path, {})
    here, there = KeyRing(tmp_path, clock, pepper), KeyRing(tmp_path, clock, pepper)
    here.open()
    there.open()
    made = here.create(KeySpec(name="bot"))
    assert here.caller(made.key)
    there.revoke(made.id)
    clock.jump(-3600)
    clock.advance(0.1)
    with pytest.raises(RefusedError):
        here.caller(made.key)
    here.close()
    there.close()
