"""No secret is ever in an error, a repr or the public view of a config; no text crashes the loader."""

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from headworks.config import Config, ConfigError, from_environment, links, load
from headworks.config.secrets import SECRET_KEYS

SECRET = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEF0123456789_-", min_size=8, max_size=24).map(
    "s3cr3t-".__add__
)
WORDS = st.sampled_from(
    ["openai", "lab", "fast", "none", "auto", "chat", "bodies", "1", "true", "null", "sqlite", "http://h/v1", "-1"]
)
KEYS = st.sampled_from(
    ["server", "port", "providers", "catalog", "dialect", "base_url", "models", "model", "provider", "fallbacks",
     "features", "capture", "telemetry", "otlp", "timeouts", "price_usd_per_mtok", "input", "local", "shared", "x"]
)  # fmt: skip
LEAVES = WORDS | st.text(max_size=6)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.dictionaries(WORDS, TREES | st.dictionaries(KEYS, TREES), max_size=3) | TREES,
        "models": st.dictionaries(WORDS, TREES | st.dictionaries(KEYS, TREES), max_size=3) | TREES,
        "features": st.dictionaries(WORDS, TREES | st.dictionaries(KEYS, TREES), max_size=3) | TREES,
        "server": TREES,
        "data_dir": TREES,
        "store": TREES,
    },
)


def outcome(text: str, environ: dict[str, str]) -> str:
    """Everything that a person may see of a config: its problems, or its repr and public view."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.yaml"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            config = load(path, environ)
        except ConfigError as error:
            return f"{error} {error!r} {error.problems!r} {error.message}"
        return f"{config!r} {config} {config.public()}"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
def test_no_text_crashes_the_loader(text):
    outcome(text, {})


@settings(max_examples=150, deadline=None)
@given(TREES | SHAPED)
def test_no_tree_crashes_the_loader(tree):
    outcome(yaml.safe_dump(tree, allow_unicode=True), {})


@settings(max_examples=100, deadline=None)
@given(SECRET, SHAPED, st.data())
def test_no_secret_is_ever_shown(secret, tree, data):
    place = data.draw(st.sampled_from(["api_key", "api_keys", "headers", "name", "base_url", "model", "odd"]))
    written = data.draw(st.sampled_from([secret, "${KEY}", "x${KEY}"])) if place != "odd" else "${KEY}"
    entry: Any = {
        "api_key": {"catalog": "openai", "api_key": written},
        "api_keys": {"catalog": "opnai", "api_keys": [written, [written]]},
        "headers": {"catalog": "ollama", "headers": {"x-key": written, "bad name": written}},
        "name": {"catalog": "${KEY}", "dialect": "${KEY}", "auth": "${KEY}", "capabilities": ["${KEY}"]},
        "base_url": {"dialect": "openai", "api_key": "none", "base_url": "ftp://u:${KEY}@h"},
        "model": {"catalog": "openai", "api_key": [written], "price_id": {"a": "${KEY}"}},
        "odd": {"catalog": "openai", "api_key": "\n" + written, "timeouts": {"connect_s": "${KEY}"}},
    }[place]
    providers = tree.get("providers") if isinstance(tree.get("providers"), dict) else {}
    models = {"m": {"provider": "${KEY}", "model": "x", "fallbacks": ["${KEY}", "m"], "unsupported": "${KEY}"}}
    more = data.draw(
        st.sampled_from([{}, {"models": models}, {"store": "${KEY}"}, {"features": {"f": {"model": "${KEY}"}}}])
    )
    text = yaml.safe_dump({**tree, "providers": {**providers, "lab": entry}, **more})
    assert secret not in outcome(text, {"KEY": secret})


@given(SECRET)
def test_a_secret_that_breaks_the_yaml_is_not_shown(secret):
    for broken in (f"api_key: *{secret}\n", f"api_key: !{secret} x\n", f"a: b: {secret}\n", f"api_key: &{secret}"):
        assert secret not in outcome(broken, {})


@given(SECRET)
def test_a_key_from_the_environment_is_in_the_links_alone(secret):
    config = from_environment({"OPENAI_API_KEY": secret}, local=False)
    assert links(config)["openai"].keys == (secret,)
    assert secret not in f"{config!r} {config} {config.public()} {config.model_dump_json()}"


def test_every_secret_setting_lies_under_a_key_whose_values_are_secret():
    """`file:PATH` and masking go by the key's name; a new secret setting must not be forgotten there."""
    assert set(secret_fields(Config)) <= SECRET_KEYS


def secret_fields(annotation: Any, name: str = "") -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, SecretStr):
        return [name]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        return [found for key, field in fields for found in secret_fields(field.annotation, key)]
    return [found for inner in getattr(annotation, "__args__", ()) for found in secret_fields(inner, name)]
