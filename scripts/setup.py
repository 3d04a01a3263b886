"""Set up what `make run` and `make test` need, on a machine that has Python 3.11 or later and nothing else.

Makes .venv with exactly the packages of the lock files (each checked by its SHA-256) and Headworks itself, editable.
A second run starts nothing; an interrupted one is mended by the next. Standard library only.

    python3 scripts/setup.py run     what the gateway needs, with the small local model
    python3 scripts/setup.py dev     that, and what the tests and checks need
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator  # noqa: UP035  Pythons too old for collections.abc[...] must get as far as the refusal

from get_uv import SetupError, get_uv, has_certificates, home_folder, index_hosts, index_url
from openmp import link_openmp, openmp_missing

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = VENV / "headworks-setup.json"
UNFINISHED = VENV / "headworks-setup.unfinished"
LOCKS = {"run": ["run", "model", "build"], "dev": ["dev", "model", "build"]}  # dev holds all of run
OLDEST = (3, 11)


def main(arguments: list[str]) -> int:
    """Set up the profile `run` or `dev`; returns the exit code. Everything foreseeable ends in a sentence."""
    if sys.version_info < OLDEST:
        print(
            f"setup: Headworks needs Python {OLDEST[0]}.{OLDEST[1]} or later; this is {sys.version.split()[0]}. "
            "Name another with `make run PYTHON=python3.12`.",
            file=sys.stderr,
        )
        return 1
    profile = arguments[0] if arguments else "dev"
    if profile not in LOCKS or len(arguments) > 1:
        print(f"usage: setup.py [{'|'.join(LOCKS)}]", file=sys.stderr)
        return 2
    try:
        with _one_at_a_time():
            set_up(profile)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        advice = " Make room and start again." if error.errno == errno.ENOSPC else ""
        print(f"setup: {error.strerror or error}: {error.filename or ROOT}.{advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the next run goes on from here.", file=sys.stderr)
        return 130
    return 0


def set_up(profile: str) -> None:
    """Bring .venv to the state of the lock files, unless it is there already."""
    stamp = _read_stamp()
    if stamp.get("profile") == "dev":
        profile = "dev"  # `make run` after `make test` keeps the test tools
    interpreter = f"{sys.version_info[0]}.{sys.version_info[1]} {os.path.realpath(sys.executable)}"
    locks = [ROOT / "requirements" / f"{name}.lock" for name in LOCKS[profile]]
    if openmp_missing():
        locks.append(ROOT / "requirements" / "openmp.lock")
    wanted = {"profile": profile, "python": interpreter, "digest": _digest(locks)}
    usable = (VENV / "bin" / "python").exists() and not UNFINISHED.exists()
    if usable and stamp == wanted:
        return
    uv = str(get_uv(ROOT / "requirements" / "uv.lock", TOOLS))
    environment = _environment()
    if not usable or stamp.get("python", interpreter) != interpreter:
        _run([uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(VENV)], environment)
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    python = ["--python", str(VENV)]
    print("Installing the packages of the lock files (the first time: several hundred MB) ...", flush=True)
    sync = [uv, "pip", "sync", *python, "--require-hashes", "--no-build", *map(str, locks)]
    if not has_certificates() and _distrusts(sync, environment):
        print("  No CA certificates here: every package is checked by its pinned SHA-256 alone.", flush=True)
        environment["UV_INSECURE_HOST"] = " ".join(index_hosts())
    _run(sync, environment)
    link_openmp(VENV)
    editable = ["--no-build-isolation", "--no-deps", "--editable", str(ROOT)]
    _run([uv, "pip", "install", "--quiet", *python, *editable], environment)
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")
    UNFINISHED.unlink()
    print("Set up.", flush=True)


def _digest(locks: list[Path]) -> str:
    """Changes whenever the packages or the project's metadata do."""
    digest = hashlib.sha256()
    for path in [ROOT / "pyproject.toml", *locks]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_stamp() -> dict[str, str]:
    with contextlib.suppress(FileNotFoundError, ValueError):
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {}
    return {}


def _environment() -> dict[str, str]:
    """The environment for uv: this machine's Python, index, certificates and a cache that can be written."""
    environment = dict(os.environ)
    environment["UV_PYTHON_DOWNLOADS"] = "never"
    environment.pop("VIRTUAL_ENV", None)  # another environment of the caller's is not the one meant
    if has_certificates():
        environment.setdefault("UV_SYSTEM_CERTS", "1")  # an authority of the machine's own counts
    index = index_url(os.environ, home_folder())
    if index and "UV_INDEX_URL" not in environment:
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if not os.access(home_folder(), os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(TOOLS / "cache"))
    return environment


def _distrusts(sync: list[str], environment: dict[str, str]) -> bool:
    """Whether uv, which brings the public authorities along, meets a private one here: a network that inspects TLS."""
    done = subprocess.run([*sync, "--quiet"], env=environment, check=False, capture_output=True)
    return done.returncode != 0 and b"certificate" in done.stderr


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Run uv. It shows its progress on a terminal; elsewhere it speaks only when it fails."""
    quiet = not sys.stderr.isatty()
    done = subprocess.run(command, env=environment, check=False, stderr=subprocess.PIPE if quiet else None)
    if done.returncode != 0:
        if done.stderr:
            sys.stderr.write(done.stderr.decode("utf-8", "replace"))
        raise SetupError(
            "uv could not do its part; its words are above. Start again when the network (or the disk) is back. "
            "UV_DEFAULT_INDEX names another package index, SSL_CERT_FILE a private certificate authority."
        )


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two setups in one folder would undo each other: the second waits for the first."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
