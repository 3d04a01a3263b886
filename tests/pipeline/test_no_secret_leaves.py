"""No key of a provider or a client is ever in an answer, a log line, a record or the metrics, however a call fails.

Random keys and headers in the config, and providers that repeat what they were sent in the most careless ways.
"""

import hashlib
import io
import json
import logging
import string
from base64 import b64encode

import msgspec
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from headworks.telemetry import configure_logs
from headworks.telemetry.config import LogSettings
from headworks.testing import Recipe

KEY_LETTERS = string.ascii_letters + string.digits + "-_.+/="


def made_up(seed, length):
    """A key unlike any other text, even when hypothesis looks for the simplest one."""
    digest = hashlib.shake_256(seed.to_bytes(8)).digest(length)
    return "".join(KEY_LETTERS[byte % len(KEY_LETTERS)] for byte in digest)


SECRETS = st.builds(made_up, st.integers(0, 2**64 - 1), st.integers(24, 80))
PREFIXES = st.sampled_from(["", "sk-", "AIza", "gsk_", "pk-lf-"])
PART = 12
"""A part of a key this long must not leave either: a mask that stops in the middle leaves a tail."""
CLIENTS = ["openai", "anthropic"]
MODELS = ["openai", "anthropic", "gemini", "first", "absent"]


def careless(key):
    """Ways to fail that hold the key, or come near it."""
    said = f"Incorrect API key provided: {key}. Find yours at https://example.com/keys?key={key}"
    whole = {"error": {"message": said, "type": key, "param": key, "code": "invalid_api_key"}, "type": "error"}
    gemini = {"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT", "details": [{"reason": key}]}}
    split = {"error": {"message": f"key\n{key}\n", "code": key, "status": key}}
    bodies = [*map(json.dumps, [whole, gemini, split, [whole], {"message": said}, {"error": said}]), said, f"<b>{key}"]
    statuses = [400, 401, 403, 404, 422, 429, 500, 503, 529]
    failures = [Recipe(status=status, error_body=body) for status in statuses for body in bodies]
    inside = [Recipe(status=200, error_body=body) for body in bodies]
    streamed = [
        Recipe(status=200, content_type="text/event-stream", error_body=f"event: error\ndata: {body}\n\n")
        for body in bodies
    ]
    odd = [
        Recipe(redirect_to=f"http://127.0.0.1:9/{key}"),
        Recipe(status=401, headers={"www-authenticate": f"Bearer {key}", "x-echo": key}),
        Recipe(status=429, retry_after=key),
        Recipe(status=200, content_type=f"text/{key}", error_body=key),
        Recipe(hang_up=True, times=2),
        Recipe(tokens=9, malformed_after_tokens=2),
        Recipe(tokens=9, error_after_tokens=2),
        Recipe(tokens=9, cut_after_tokens=2),
        Recipe(),
    ]
    return [*failures, *inside, *streamed, *odd]


@pytest.fixture(scope="module")
def log():
    """Everything logged meanwhile, at the most talkative level."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logs(LogSettings(level="debug"), stream)
    yield stream
    root.handlers[:], level, structured = before
    root.setLevel(level)
    structlog.configure(**structured)


@settings(max_examples=60, deadline=None)
@given(prefix=PREFIXES, secret=SECRETS, header=SECRETS, data=st.data())
def test_whatever_the_provider_repeats_no_secret_leaves(house, log, prefix, secret, header, data):
    key = prefix + secret
    log.seek(0)
    log.truncate()
    house.configure(lambda text: with_secrets(text, key, header))
    house.forget()
    recipes = data.draw(st.lists(st.sampled_from(careless(key) + careless(header)), min_size=1, max_size=3))
    house.fake.script(recipes)
    client, model = data.draw(st.sampled_from(CLIENTS)), data.draw(st.sampled_from(MODELS))
    answer = house.chat(client, model, stream=data.draw(st.booleans()))
    record = house.record(answer)
    places = {
        "answer": answer.body.decode("utf-8", "replace"),
        "headers": str(answer.headers),
        "record": json.dumps(record, default=msgspec.to_builtins),
        "log": log.getvalue(),
        "metrics": house.gateway.recorder.metrics_text().decode(),
        "config": json.dumps(house.gateway.config.public(), default=str),
    }
    parts = {key[:PART], key[-PART:], header[:PART], header[-PART:], b64encode(key.encode()).decode()}
    for place, text in places.items():
        for hidden in parts | {house.key, house.admin_key}:
            assert hidden not in text, place


def with_secrets(text, key, header):
    """The config with `key` for every provider, and `header` as a further header of each."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if "api_key: sk-" in line:
            start = line.index("api_key: sk-")
            end = min(line.index(mark, start) for mark in ",}" if mark in line[start:])
            lines[number] = f'{line[:start]}api_key: "{key}", headers: {{x-extra: "{header}"}}{line[end:]}'
    return "\n".join(lines)


@pytest.mark.parametrize("before", range(440, 500, 7))
@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
def test_a_long_sentence_is_not_cut_within_a_key(house, before, model):
    key = made_up(before, 60)
    house.configure(lambda text: with_secrets(text, key, made_up(1, 24)))
    said = {"error": {"message": f"{'x' * before} {key}", "type": "x", "code": 400}}
    house.fake.script([Recipe(status=400, error_body=json.dumps(said))])
    assert key[:8] not in house.chat("openai", model).body.decode()


def test_a_fallback_that_cannot_take_the_request_does_not_bring_the_key_to_light(house):
    key = made_up(7, 40)
    house.configure(lambda text: with_secrets(text, key, made_up(1, 24)))
    house.fake.script([Recipe(status=503, error_body=json.dumps({"error": {"message": f"Busy with {key}"}}))])
    answer = house.chat("openai", "first", logit_bias={"5": 1})  # the fallback speaks another dialect
    assert answer.status == 503
    assert key not in answer.body.decode()
