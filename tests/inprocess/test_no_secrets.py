"""No key of a provider or a client is ever in an answer, a log line, a record or the metrics, whatever fails."""

import asyncio
import io
import json
import string
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.inprocess.conftest import open_house

from headworks.telemetry import configure_logs
from headworks.telemetry.config import LogSettings
from headworks.testing import FakeProvider, Recipe

SECRETS = st.text(string.ascii_letters + string.digits + "-_", min_size=12, max_size=60).map("Zq".__add__)
MODELS = st.sampled_from(["gpt", "claude", "gemini", "safe", "nobody"])


def failures(secret):
    """Recipes that fail, most of them repeating the key as careless providers do."""
    said = {"error": {"message": f"Incorrect API key provided: {secret}", "type": "x", "code": "invalid_api_key"}}
    return [
        Recipe(status=401, error_body=json.dumps(said)),
        Recipe(status=400, error_body=json.dumps(said)),
        Recipe(status=500, error_body=f"<html>Bearer {secret}</html>"),
        Recipe(status=302, redirect_to=f"http://127.0.0.1:9/{secret}"),
        Recipe(hang_up=True),
        Recipe(tokens=9, malformed_after_tokens=2),
        Recipe(tokens=9, error_after_tokens=2),
        Recipe(),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=SECRETS, model=MODELS, stream=st.booleans(), which=st.integers(0, 7), anthropic=st.booleans())
def test_no_secret_anywhere(secret, model, stream, which, anthropic):
    asyncio.run(check(secret, model, failures(secret)[which], stream=stream, anthropic=anthropic))


async def check(secret, model, recipe, *, stream, anthropic):
    """One call of one failing provider, and everywhere a secret could have gone."""
    log = io.StringIO()
    configure_logs(LogSettings(level="debug"), log)
    with tempfile.TemporaryDirectory() as folder:
        async with FakeProvider() as fake:
            house = await open_house(Path(folder), fake, secret)
            fake.recipes(recipe)
            ask = house.message if anthropic else house.chat
            answer = await ask(model, stream=stream)
            record = await house.record(answer)
            shown = house.gateway.config.public()
            metrics = house.gateway.recorder.metrics_text()
            await house.gateway.stop()
        everything = [answer.body, str(answer.headers), str(record), log.getvalue(), metrics, str(shown)]
        everything += stored(Path(folder, "headworks-data"))
    for place in everything:
        text = place if isinstance(place, str) else place.decode("latin-1")
        assert secret not in text
        assert house.key not in text


def stored(folder):
    """What every file of a data directory holds."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
