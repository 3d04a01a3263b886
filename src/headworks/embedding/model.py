"""The model itself, in its child process: texts become token vectors, and their mean is the text's vector.

The mean leaves out padding, as sentence-transformers/all-MiniLM-L6-v2 says on its page. Never imported by the gateway:
this runtime and other libraries do not live in one process, and its work would hold up the event loop.
"""

from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from tokenizers import Encoding, Tokenizer

from headworks.embedding.frames import Made, Order

_BATCH_TOKENS = 1024
"""Padding included. More at once is no faster and takes much more memory."""
_Array = np.ndarray[Any, np.dtype[np.float32]]


class Model:
    """A model on one thread.

    Args:
        order: Which one.

    Attributes:
        dims: Length of its vectors.
    """

    def __init__(self, order: Order) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(order.weights, options, providers=["CPUExecutionProvider"])
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        self._tokenizer: Tokenizer = Tokenizer.from_file(order.tokenizer)
        self._tokenizer.enable_truncation(order.max_tokens)
        self._tokenizer.no_padding()
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        self.dims = int(self._vectors(self._tokenizer.encode_batch(["length"])).shape[1])

    def made(self, texts: list[str]) -> Made:
        """The vectors of the texts, in their order."""
        encoded = self._tokenizer.encode_batch(texts)
        rows = np.empty((len(texts), self.dims), np.float32)
        for part in _parts([len(one.ids) for one in encoded]):
            rows[part] = self._vectors([encoded[at] for at in part])
        whole = bytes(not one.overflowing and self._unknown not in one.ids for one in encoded)
        return Made(rows.tobytes(), whole)

    def _vectors(self, encoded: list[Encoding]) -> _Array:
        longest = max(len(one.ids) for one in encoded)
        ids = np.zeros((len(encoded), longest), np.int64)
        mask = np.zeros((len(encoded), longest), np.int64)
        for row, one in enumerate(encoded):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        tokens = self._session.run(None, {name: given[name] for name in self._inputs})[0]
        weights = mask[:, :, None].astype(np.float32)
        means: _Array = (tokens * weights).sum(axis=1) / weights.sum(axis=1)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
        return means


def _parts(lengths: list[int]) -> list[list[int]]:
    """Places of texts that are read together: of like length, so that little is padding."""
    parts: list[list[int]] = []
    for at in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not parts or (len(parts[-1]) + 1) * lengths[at] > _BATCH_TOKENS:
            parts.append([])
        parts[-1].append(at)
    return parts
