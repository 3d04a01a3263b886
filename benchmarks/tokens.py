"""`python -m benchmarks.tokens`: what counting a prompt's tokens costs: exactly, and as an upper bound.

Figures are CPU time of the thread that counts, the best of many runs: what else the machine does is no part of them.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchmarks.procs import rss_mb
from headworks.budgets.encodings import build, count
from headworks.budgets.tokens import TokenCounter
from headworks.core.messages import Ask, Target
from headworks.dialects.openai.chat import Chat
from headworks.dialects.protocols import Envelope

BYTES = 100_000
RUNS = 30
SMALL = "How do I change the password of my account, please? " * 10
TARGET = Target(name="m", provider="p", provider_model="gpt-4o", dialect="openai")


def main() -> None:
    """Read the arguments and run."""
    argparse.ArgumentParser(prog="python -m benchmarks.tokens", description=__doc__).parse_args()
    before, begun = rss_mb(os.getpid()), time.perf_counter()
    encoding = build("o200k_base")
    print(
        f"Vocabulary o200k_base: built in {time.perf_counter() - begun:.2f} s, {rss_mb(os.getpid()) - before:.0f} MB."
    )
    counter = TokenCounter()
    print("\n| text of 100 kB | tokens | counted, ms of CPU | bound | us |")
    print("|---|--:|--:|--:|--:|")
    for name, text in _texts().items():
        ask = _ask(text)
        exact = _best_s(lambda text=text: count(encoding, text)) * 1e3  # type: ignore[misc]
        bound = _best_s(lambda ask=ask: counter.bound(TARGET, ask)) * 1e6  # type: ignore[misc]
        tokens = count(encoding, text)
        print(f"| {name} | {tokens} | {exact:.1f} | {counter.bound(TARGET, ask)} | {bound:.0f} |")
    small = _ask(SMALL)

    def hundred() -> None:
        for _ in range(100):
            counter.bound(TARGET, small)

    print(f"\nBound of a prompt of {len(SMALL)} bytes: {_best_s(hundred) * 1e4:.1f} us.")
    asyncio.run(counter.stop())


def _texts() -> dict[str, str]:
    here = Path(__file__).parent.parent
    prose = "".join(page.read_text() for page in sorted((here / "docs").rglob("*.md")))
    code = "".join(page.read_text() for page in sorted((here / "src").rglob("*.py")))
    figures = msgspec.json.encode([{"a": n, "b": [n * 2.5]} for n in range(5000)]).decode()
    chinese = "今天天气很好、我们去公园散步吧。模型的价格是多少。" * 2000
    texts = {"English prose": prose, "Python code": code, "JSON of figures": figures, "Chinese": chinese}
    return {name: text.encode()[:BYTES].decode(errors="ignore") for name, text in texts.items()}


def _ask(text: str) -> Ask:
    body = msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": text}]})
    return Chat().read(body, Envelope(trace_id="t", headers={}, created=0))


def _best_s(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(RUNS):
        begun = time.thread_time()
        work()
        best = min(best, time.thread_time() - begun)
    return best


if __name__ == "__main__":
    sys.exit(main())
