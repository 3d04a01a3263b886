"""The gateway under test: `headworks serve` as a process of its own, ended with the block that started it."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import HeadworksError

UP_S, DOWN_S = 60.0, 4.0
"""How long it may take to come up, and to go when it is told to."""
_PASSED_ON = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
_LOG_CHARACTERS = 1_500


class DrillError(HeadworksError):
    """The drill itself could not be held; nothing is said about the gateway's promises."""

    default_code = "drill_failed"


class Gateway(Struct, frozen=True, kw_only=True):
    """A running gateway.

    Attributes:
        host: Where it listens.
        port: Its port.
        key: A virtual key.
        admin_key: The admin key.
        log: What it logs.
    """

    host: str
    port: int
    key: str
    admin_key: str
    log: Path


class _Greeting(Struct):
    url: str
    key: str
    admin_key: str


@asynccontextmanager
async def running(config: Mapping[str, Any], folder: Path) -> AsyncIterator[Gateway]:
    """The gateway of `config`, for as long as the block lasts. Its files are all in `folder`.

    Raises:
        DrillError: It does not come up.
    """
    file, log = folder / "headworks.yaml", folder / "gateway.log"
    file.write_bytes(msgspec.json.encode(config))  # JSON is YAML
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "headworks", "serve", "--config", str(file)),
            *("--host", "127.0.0.1", "--port", "0", "--json"),
            cwd=folder,
            env=_environment(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the drill, which ends it in order
        )
    try:
        yield await _greeted(process, log)
    finally:
        await _end(process)


def _environment(folder: Path) -> dict[str, str]:
    """What the process needs to run, and none of the settings and keys that others left in the environment."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {"HOME": str(folder)}


async def _greeted(process: Process, log: Path) -> Gateway:
    assert process.stdout is not None
    line = b""
    try:
        async with asyncio.timeout(UP_S):
            line = await process.stdout.readline()
        greeting = msgspec.json.decode(line, type=_Greeting)
    except (TimeoutError, msgspec.DecodeError) as error:
        said = f"{line.decode(errors='replace')}\n{await asyncio.to_thread(_last_words, log)}".strip()
        raise DrillError(f"The gateway did not come up. It said:\n{said or 'nothing'}") from error
    host, _, port = greeting.url.removeprefix("http://").rpartition(":")
    return Gateway(host=host, port=int(port), key=greeting.key, admin_key=greeting.admin_key, log=log)


def _last_words(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_LOG_CHARACTERS:].strip()


async def _end(process: Process) -> None:
    """End it: kindly at first, and at once if that takes too long or nobody waits any more."""
    try:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DOWN_S):
                await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    await process.wait()
