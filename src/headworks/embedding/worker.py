"""The embedding process: `python -m headworks.embedding.worker`, started by `process.py` and by nobody else."""

import sys
from typing import BinaryIO

import msgspec

from headworks.core.children.inside import die_with_parent, report_channel
from headworks.embedding.frames import Order, Ready, encode, framed, read_frame

try:
    from headworks.embedding.model import Model
except ImportError as error:
    CANNOT_LOAD = str(error)
else:
    CANNOT_LOAD = ""


def main() -> None:
    """Read the order, load the model, and answer until the input ends."""
    die_with_parent()
    orders: BinaryIO = sys.stdin.buffer
    with report_channel() as answers:
        body = read_frame(orders)
        if body is None:
            return
        model, ready = _start(msgspec.msgpack.decode(body, type=Order))
        answers.write(framed(encode(ready)))
        answers.flush()
        while model is not None and (body := read_frame(orders)) is not None:
            answers.write(framed(encode(model.made(msgspec.msgpack.decode(body, type=list[str])))))
            answers.flush()


def _start(order: Order) -> "tuple[Model | None, Ready]":
    if CANNOT_LOAD:
        return None, Ready(failure=f"The runtime of the embedding model cannot be loaded ({CANNOT_LOAD}).")
    try:
        model = Model(order)
    except (RuntimeError, ValueError, OSError, KeyError) as error:
        return None, Ready(failure=f"The embedding model does not load: {str(error)[:200]}")
    return model, Ready(model.dims)


if __name__ == "__main__":
    main()
