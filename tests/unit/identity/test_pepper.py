"""The pepper: from the environment or a private file, the same for every process."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headworks.core.errors import StoreError
from headworks.identity.pepper import load_pepper


def test_the_file_is_made_once_and_private(tmp_path: Path) -> None:
    pepper = load_pepper(tmp_path / "data", {})
    path = tmp_path / "data" / "pepper"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_pepper(tmp_path / "data", {}) == pepper
    assert [entry.name for entry in path.parent.iterdir()] == ["pepper"]


def test_many_starters_end_up_with_one_pepper(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        peppers = set(pool.map(lambda _: load_pepper(tmp_path, {}), range(64)))
    assert len(peppers) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["pepper"]


def test_the_environment_comes_first_and_leaves_no_file(tmp_path: Path) -> None:
    assert load_pepper(tmp_path, {"HEADWORKS_PEPPER": "x" * 32}) == b"x" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "short\n", "é"])
def test_a_damaged_file_is_an_error_that_does_not_quote_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "pepper").write_text(content)
    with pytest.raises(StoreError) as caught:
        load_pepper(tmp_path, {})
    assert "short" not in caught.value.message
    assert (tmp_path / "pepper").read_text() == content


def test_a_short_pepper_in_the_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        load_pepper(tmp_path, {"HEADWORKS_PEPPER": "weak"})


def test_a_directory_in_the_way_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "pepper").mkdir()
    with pytest.raises(StoreError):
        load_pepper(tmp_path, {})
