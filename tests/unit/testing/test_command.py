"""`headworks fake-provider` as a process: it says where it listens, answers, and goes when told."""

import asyncio
import json
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from headworks.cli.fake_provider import fake_provider

SOURCE = Path(__file__).parents[3] / "src"
RUN = "import sys; from headworks.cli.fake_provider import fake_provider as f; sys.exit(f(port=0, recipe=['down'], {}))"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_answers_by_its_recipe_and_ends_well_on_a_signal(number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RUN.format("json=True"),
        env={"PYTHONPATH": str(SOURCE)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    base_url = json.loads(await process.stdout.readline())["base_url"]
    names = await asyncio.to_thread(lambda: json.load(urllib.request.urlopen(f"{base_url}/fake/recipes")))
    assert names["down"] == {"status": 503}
    process.send_signal(number)
    assert await process.wait() == 0


def test_an_unknown_recipe_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert fake_provider(recipe=["nope"], port=0) == 2
    assert "Known names: bad-key," in capsys.readouterr().err


def test_a_taken_port_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert fake_provider(port=taken.getsockname()[1]) == 1
    assert "Choose another --port" in capsys.readouterr().err
