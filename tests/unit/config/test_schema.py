"""The JSON Schema knows every setting, and takes what the loader takes."""

from typing import Any

import pytest
import yaml

from headworks.cli.init import template
from headworks.config import schema

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(value: Any, rule: dict[str, Any], root: dict[str, Any], path: str = "") -> list[str]:
    """What `value` breaks of the few words of JSON Schema that the schema uses."""
    if "$ref" in rule:
        return faults(value, root["$defs"][rule["$ref"].rsplit("/", 1)[1]], root, path)
    if "anyOf" in rule:
        found = [faults(value, option, root, path) for option in rule["anyOf"]]
        return [] if [] in found else found[0]
    if "enum" in rule or "const" in rule:
        return [] if value in rule.get("enum", [rule.get("const")]) else [f"{path}: not a choice"]
    if "type" in rule and not isinstance(value, TYPES[rule["type"]]):
        return [f"{path}: not {rule['type']}"]
    return inner_faults(value, rule, root, path)


def inner_faults(value: Any, rule: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    if isinstance(value, list):
        return [fault for i, item in enumerate(value) for fault in faults(item, rule["items"], root, f"{path}[{i}]")]
    if not isinstance(value, dict):
        return []
    found = [f"{path}: {name} is missing" for name in rule.get("required", []) if name not in value]
    for name, item in value.items():
        inner = rule.get("properties", {}).get(name, rule.get("additionalProperties", True))
        if inner is False:
            found.append(f"{path}.{name}: unknown")
        elif inner is not True:
            found += faults(item, inner, root, f"{path}.{name}")
    return found


def test_the_file_that_init_writes_fits_the_schema():
    assert faults(yaml.safe_load(template()), schema(), schema()) == []


def test_a_full_example_fits_the_schema():
    example = """
server: {host: 127.0.0.1, port: 8080, workers: 1}
data_dir: ./headworks-data
store: sqlite
providers:
  anthropic: {catalog: anthropic, api_keys: ["${A}", "${B}"], timeouts: {connect_s: 2.5}, headers: {x-team: blue}}
  lab: {dialect: openai, base_url: "http://127.0.0.1:9100/v1", api_key: none, capabilities: [chat]}
models:
  own: {provider: lab, model: m, fallbacks: [b], price_usd_per_mtok: {input: 0.1, output: 0.4}, unsupported: drop}
features: {bot: {model: own, capture: bodies}}
telemetry: {retention: {max_age_days: 7}, logs: {level: info}, otlp: {endpoint: "http://h/v1/traces"}}
"""
    assert faults(yaml.safe_load(example), schema(), schema()) == []


@pytest.mark.parametrize(
    "wrong",
    [{"servr": {}}, {"server": {"prot": 1}}, {"models": {"a": {"model": "m"}}}, {"store": "x"}, {"features": {"a": 1}}],
)
def test_what_the_loader_refuses_does_not_fit(wrong):
    assert faults(wrong, schema(), schema())


def test_settings_of_the_rooms_are_described_for_editors():
    described = schema()["$defs"]
    for room in ("ServerSettings", "ProviderSettings", "ModelSettings", "Feature", "CacheSettings"):
        undescribed = [name for name, field in described[room]["properties"].items() if "description" not in field]
        assert undescribed == [], room
