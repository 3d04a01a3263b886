"""The model process: `python -m headworks.providers.local.worker`, started by `model.py` and by nobody else.

It runs an OpenAI-dialect server on a loopback port of its own and never outlives its parent: the kernel ends it where
it can (Linux), and the end of standard input does everywhere.
"""

import os
import re
import sys
import time

import msgspec

from headworks.core.children.inside import die_with_parent, report_channel
from headworks.providers.local.orders import FINISH, Order, Report

try:
    import xllamacpp  # type: ignore[import-untyped]
except ImportError as error:
    CANNOT_LOAD = str(error)
else:
    CANNOT_LOAD = ""

BUSY_CHECK_S = 0.2
ANSWER_TOKENS = 512
"""Longest answer of a call that names no limit."""
_PROCESSING = re.compile(r"^llamacpp:requests_(?:processing|deferred) ([0-9.]+)", re.MULTILINE)


def main() -> None:
    """Read the order, start the server, report, and live until told otherwise."""
    die_with_parent()
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    with report_channel() as reports:
        server, report = _start(order)
        reports.write(msgspec.json.encode(report) + b"\n")
    if server is None:
        return
    if sys.stdin.buffer.readline() == FINISH:
        while _busy(server):
            time.sleep(BUSY_CHECK_S)
    # Not a return: the server's own clean-up waits for clients that keep a connection open.
    os._exit(0)


def _start(order: Order) -> "tuple[xllamacpp.Server | None, Report]":
    """The running server and the report of it, or none and why."""
    if CANNOT_LOAD:
        advice = "A bare Linux lacks libgomp.so.1: install it (Debian: libgomp1), or run `make setup` in a clone."
        return None, Report(failure=f"The runtime of the local model cannot be loaded ({CANNOT_LOAD}). {advice}")
    try:
        server = xllamacpp.Server(_parameters(order))
    except RuntimeError:  # the runtime's only error, whatever the cause
        failure = f"The model {order.name} does not load: is it a whole GGUF file, and is there memory for it?"
        return None, Report(failure=failure)
    return server, Report(address=server.listening_address)


def _parameters(order: Order) -> "xllamacpp.CommonParams":
    """The runtime's parameters: one text model on the processor, nothing that listens or downloads besides."""
    params = xllamacpp.CommonParams()
    params.model.path = order.weights
    params.model_alias = {order.name}
    params.api_keys = [order.key]
    params.n_ctx = order.context_tokens * order.parallel  # the runtime divides it among the parallel calls
    params.n_parallel = order.parallel
    params.cpuparams.n_threads = order.threads
    params.cpuparams_batch.n_threads = order.threads
    params.n_threads_http = order.parallel + 2
    params.n_gpu_layers = 0
    params.sampling.temp = order.temperature
    params.sampling.top_p = order.top_p
    # A small model that has lost its way goes on until the context is full: a minute of nonsense.
    params.n_predict = ANSWER_TOKENS
    params.cache_ram_mib = 0  # else evicted prompts are kept, up to 8 GB of them
    params.endpoint_metrics = True
    params.endpoint_slots = False
    params.cors_origins = ""
    params.ui = False
    params.offline = True
    params.verbosity = 0
    return params


def _busy(server: "xllamacpp.Server") -> bool:
    return any(float(count) > 0 for count in _PROCESSING.findall(server.handle_metrics()))


if __name__ == "__main__":
    main()
