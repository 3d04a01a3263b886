"""What the tests of the config share: a file, and the problems found in it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from headworks.config import ConfigError, Problem, load

Find = Callable[..., list[Problem]]


@pytest.fixture
def problems(tmp_path: Path) -> Find:
    """The problems of a text, given the environment's variables as keywords."""

    def find(text: str, **environ: str) -> list[Problem]:
        path = tmp_path / "headworks.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(path, environ)
        return caught.value.problems

    return find
