"""What the tests of the command line share: an empty folder, an environment without keys, a way to run."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from headworks.cli.commands import run


class Ran:
    """What a command left behind: exit code and both outputs."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def headworks(tmp_path, monkeypatch, capsys) -> Callable[..., Ran]:
    """Runs a command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.endswith(("_API_KEY", "_KEY")) or name.startswith("HEADWORKS_"):
            monkeypatch.delenv(name)

    def command(*tokens: str) -> Ran:
        capsys.readouterr()
        code = run(tokens)
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return command
