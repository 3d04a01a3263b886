"""What the gateway and its model process say to each other: one line of JSON each way, then one word.

The gateway writes `Order` to the child's standard input; the child answers `Report` on its standard output. After that
the open input is the child's reason to live: the word `finish` asks it to end after the calls under way, the end of the
input ends it at once. The API key travels here because arguments and environments can be read by other processes.
"""

from msgspec import Struct

FINISH = b"finish\n"


class Order(Struct, frozen=True, kw_only=True):
    """What to run. `context_tokens` is for each of `parallel` calls; `name` is what answers give as their model."""

    weights: str
    name: str
    key: str
    context_tokens: int
    parallel: int
    threads: int
    temperature: float
    top_p: float


class Report(Struct, frozen=True, kw_only=True):
    """How the start went: `address` (`http://127.0.0.1:PORT`) or `failure`, a sentence."""

    address: str | None = None
    failure: str | None = None
