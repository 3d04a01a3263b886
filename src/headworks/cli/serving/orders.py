"""What a supervisor tells a worker through the worker's standard input: configs to serve, and, by its end, to stop.

The end of the input also comes when the supervisor is killed, so no worker outlives it for longer than its last calls.
A config travels pickled with its secrets filled in: every worker, restarted ones too, serves exactly what was checked.
Length first (4 bytes, big-endian), then the pickle.
"""

import asyncio
import pickle

from headworks.config import Config

READY = b"ready\n"
"""What a worker writes to its standard output when it answers calls."""
_LENGTH_BYTES = 4


def framed(config: Config) -> bytes:
    """The order to serve `config`."""
    body = pickle.dumps(config)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def next_config(orders: asyncio.StreamReader) -> Config | None:
    """The config of the next order; None when there will be no more."""
    try:
        length = int.from_bytes(await orders.readexactly(_LENGTH_BYTES), "big")
        body = await orders.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    config: Config = pickle.loads(body)  # noqa: S301  the pipe's other end is the process that started this one
    return config
