"""`python -m benchmarks.flags`: what evaluating flags costs, in microseconds, and how long a change takes to compile.

Each figure is the best of several rounds: what the machine does beside it is not what is asked. Memory is that of a
thousand flags with rules.
"""

import argparse
import asyncio
import timeit
import tracemalloc
from collections.abc import Callable
from typing import Any

from headworks.core.clock import SystemClock
from headworks.core.messages import Ask, Caller
from headworks.core.people.alerting import Unheard
from headworks.flags.evaluation import Context, Details, Flags, asked_context, call_context, read_flag
from headworks.flags.evaluation.remote.remote import Pace, RemoteFlags

_ROUNDS, _TIMES = 7, 20_000
_MANY = 1_000
_SPLIT = {"a": 33.333, "b": 33.333, "c": 33.334}
_VARIANTS = {"a": "A", "b": "B", "c": "C"}
_CALLER = Caller(key_id="k1", key_name="app", org_id="acme")
_CONTEXT = {"targetingKey": "user-4711", "email": "anna@example.com", "app": "2.4.1", "tags": {"plan": "pro"}}


def _flag(rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "string", "variants": _VARIANTS, "default": "a", "rules": rules}


def _asks(attribute: str, **comparison: Any) -> dict[str, Any]:
    return {"attribute": attribute, **comparison}


FLAGS = {
    "static": _flag([]),
    "one rule, equals": _flag([{"when": _asks("org", equals="acme"), "variant": "b"}]),
    "one rule, no match": _flag([{"when": _asks("org", equals="other"), "variant": "b"}]),
    "one rule, pattern": _flag([{"when": _asks("context.email", matches="@example[.]com$"), "variant": "b"}]),
    "one rule, version": _flag([{"when": _asks("context.app", semver=">=2.1.0 <3.0.0"), "variant": "b"}]),
    "split of three": _flag([{"split": _SPLIT}]),
    "all of three, then a split": _flag(
        [
            {
                "when": {
                    "all": [
                        _asks("org", **{"in": ["acme", "beta"]}),
                        _asks("tag.plan", equals="pro"),
                        {"not": _asks("end_user", starts_with="test-")},
                    ]
                },
                "split": _SPLIT,
            }
        ]
    ),
    "ten rules, the last decides": _flag(
        [{"when": _asks("org", equals=f"org-{n}"), "variant": "b"} for n in range(9)] + [{"split": _SPLIT}]
    ),
}


def main() -> None:
    """Read the arguments and run."""
    argparse.ArgumentParser(prog="python -m benchmarks.flags", description=__doc__).parse_args()
    flags = Flags()
    print(f"no flags at all, a flag asked for: {_us(lambda: flags.value('none', 'a', {})):.2f} us")
    flags.fit({name.replace(" ", "-").replace(",", ""): raw for name, raw in FLAGS.items()}, text=False)
    context = asked_context(_CONTEXT, _CALLER)
    print("\n| flag | evaluate, us | value of the caller's type, us |\n|---|--:|--:|")
    for name in FLAGS:
        key = name.replace(" ", "-").replace(",", "")
        first = _us(lambda key=key: flags.evaluate(key, context))  # type: ignore[misc]
        second = _us(lambda key=key: flags.value(key, "A", context))  # type: ignore[misc]
        print(f"| {name} | {first:.2f} | {second:.2f} |")
    print(f"\na remembered value of another system: {asyncio.run(_remembered()):.2f} us")
    ask = Ask(trace_id="t", dialect="openai", kind="chat", model="fast", fields={}, read_prompt=_nothing)
    print(f"the context of a call: {_us(lambda: call_context(ask, _CALLER)):.2f} us")
    longest = FLAGS["ten rules, the last decides"]
    print(f"compiling a flag of ten rules: {_us(lambda: read_flag('x', longest), 200):.0f} us")
    tracemalloc.start()
    flags.fit({f"f{n}": longest for n in range(_MANY)}, text=False)
    print(f"{_MANY} flags of ten rules: {tracemalloc.get_traced_memory()[0] / 2**20:.1f} MiB")


class _Elsewhere:
    """Another system, which says `B` at once."""

    name = "elsewhere"

    async def start(self) -> None:
        """Nothing to get ready."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def look_up(self, key: str, _default: Any, _context: Context) -> Details:
        """What it says."""
        return Details(key=key, value="B", variant="b", reason="TARGETING_MATCH")


async def _remembered() -> float:
    flags, context = Flags(), asked_context(_CONTEXT, _CALLER)
    flags.remote = RemoteFlags(_Elsewhere(), Pace(ttl_s=3_600), SystemClock(), Unheard())
    assert (await flags.resolved("f", "A", context)).value == "B"
    return _us(lambda: flags.value("f", "A", context))


def _nothing() -> Any:
    raise AssertionError("nobody reads the prompt")


def _us(work: Callable[[], object], times: int = _TIMES) -> float:
    """Microseconds that `work` takes."""
    return min(timeit.repeat(work, number=times, repeat=_ROUNDS)) / times * 1e6


if __name__ == "__main__":
    main()
