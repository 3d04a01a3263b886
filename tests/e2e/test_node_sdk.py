"""The official openai package for Node against the running gateway, over providers of every dialect."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "node"


async def run(*command, cwd, within_s):
    """Exit code, output and complaints of a command."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=pipe, stderr=pipe)
    output, complaints = await asyncio.wait_for(process.communicate(), within_s)
    return process.returncode, output.decode(), complaints.decode()


@pytest.fixture
async def folder(tmp_path):
    """A folder with the package installed; the test is about the package, so it is skipped where there is none."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    for file in HERE.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    install = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    try:
        code, _, complaints = await run(*install, cwd=tmp_path, within_s=120)
    except TimeoutError:
        pytest.skip("the npm registry does not answer")
    if code:
        pytest.skip(f"npm cannot install the package: {complaints[-300:]}")
    return tmp_path


async def test_the_node_sdk(gateway, fake, folder):
    code, output, complaints = await run("node", "ask.mjs", gateway.url, gateway.key, cwd=folder, within_s=60)
    assert code == 0, complaints
    seen = json.loads(output)
    for model in ("gpt", "claude", "gemini"):
        talk = seen[model]
        name, finish, text, id_length = talk["plain"]
        assert (name, finish, id_length) == (model, "stop", 32)
        assert "Hello there" in text
        assert talk["stream"] == ["stop", text, True]
        assert [name for name, _ in talk["tool"]] == ["weather"]
        assert talk["toolStream"] == talk["tool"]
        assert "city" in talk["tool"][0][1]
        assert talk["structured"] == ["city"]
        assert talk["image"] == "stop"
    assert {"gpt", "claude", "gemini"} <= set(seen["models"])
    assert seen["embedding"] == ["number", "number"]
    assert seen["errors"] == [
        "NotFoundError 404 unknown_model",
        "BadRequestError 400 invalid_request",
        "AuthenticationError 401 invalid_api_key",
        "RateLimitError 429 rate_limit_exceeded",
        "InternalServerError 503 overloaded",
        "APIError undefined stream_interrupted",
    ]
