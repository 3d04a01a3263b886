"""What the local model needs is found, or the way to get it is said."""

from pathlib import Path

import pytest

from headworks.core.clock import SystemClock
from headworks.core.errors import ProviderError
from headworks.providers.local.config import LocalSettings
from headworks.providers.local.model import LocalModel
from headworks.providers.local.weights import bundled_weights, find_weights


def test_the_bundled_weights_are_found_without_importing_their_package() -> None:
    path = bundled_weights()
    assert path is not None
    assert path.suffix == ".gguf"
    assert path.read_bytes()[:4] == b"GGUF"


def test_a_given_file_is_preferred_to_the_bundled_one(tmp_path: Path) -> None:
    mine = tmp_path / "mine.gguf"
    mine.write_bytes(b"GGUF")
    assert find_weights(str(mine)) == mine


def test_a_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match=r"mine\.gguf") as caught:
        find_weights(str(tmp_path / "mine.gguf"))
    assert str(tmp_path) not in caught.value.message
    assert not caught.value.retryable
    assert caught.value.status == 503


def test_installed_says_whether_a_call_can_be_answered(tmp_path: Path) -> None:
    assert LocalModel(LocalSettings(), SystemClock()).installed()
    absent = LocalSettings(model_path=str(tmp_path / "mine.gguf"))
    assert not LocalModel(absent, SystemClock()).installed()


def test_each_model_gets_a_key_of_its_own() -> None:
    first, second = (LocalModel(LocalSettings(), SystemClock()) for _ in range(2))
    assert len(first.key) > 30
    assert first.key != second.key
