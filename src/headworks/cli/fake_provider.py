"""`headworks fake-provider`: a provider that misbehaves on request, on a port of its own."""

import asyncio
import json as jsonlib
import random
import signal
import sys
from contextlib import suppress
from typing import Annotated

from cyclopts import Parameter

from headworks.testing import FakeProvider, UnknownRecipeError

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_REFUSED, _BAD_USAGE = 1, 2


def fake_provider(
    *,
    port: int = 9100,
    host: str = "127.0.0.1",
    recipe: Annotated[list[str] | None, Parameter(negative=())] = None,
    seed: int = 0,
    keep_calls: int = 100,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    r"""Run a fake provider that speaks the OpenAI, Anthropic and Gemini dialects and misbehaves by recipe.

    A recipe is a name (cut, rate-limited, silent, ...) or JSON such as {"status": 429, "probability": 0.1}. Of several,
    the first that has turns left and whose dice fall applies. One call can also choose for itself: by the header
    x-fake-recipe, or by the model name fake/NAME. GET /fake/recipes lists the names, GET /fake/calls what was received.

    Example: headworks fake-provider --recipe '{"status": 429, "retry_after": "2", "times": 3}' --recipe slow

    Args:
        port: Port to listen on; 0 takes a free one.
        host: Address to listen on.
        recipe: How to behave, as a name or JSON; may be given several times.
        seed: Seed of the dice for recipes with a probability.
        keep_calls: How many calls to remember, bodies included.
        json: Print one line of JSON for programs instead of text for people.

    Returns:
        Exit code: 0 when stopped by a signal, 1 when the port cannot be used, 2 for an unknown recipe.
    """
    try:
        rng = random.Random(seed)  # noqa: S311  dice, not secrets
        fake = FakeProvider(recipe or (), host=host, port=port, keep_calls=keep_calls, rng=rng)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(fake, as_json=json))
    except UnknownRecipeError as error:
        print(error, file=sys.stderr)
        return _BAD_USAGE
    except OSError as error:
        print(f"The fake provider cannot listen on {host}:{port}: {error}. Choose another --port.", file=sys.stderr)
        return _REFUSED
    return 0


async def _serve(fake: FakeProvider, *, as_json: bool) -> None:
    """Listen until a signal comes."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with fake:
        print(jsonlib.dumps({"base_url": fake.base_url}) if as_json else _welcome(fake.base_url), flush=True)
        await stopped.wait()


def _welcome(base_url: str) -> str:
    return f"""The fake provider listens on {base_url} (Ctrl-C stops it). Try:

curl {base_url}/v1/chat/completions -d '{{"model": "fake/good", "messages": [{{"role": "user", "content": "Hello"}}]}}'
"""
