"""A config in which fakes stand in for the providers. Nothing else differs, but for what must not leave the drill.

Keys are replaced one by one, so that a provider with two keys has two; values of headers, which may be secrets, become
a word. Records are not exported: a drill's calls have no place in anybody's figures.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headworks.config import Config
from headworks.providers.config import LOCAL_ROW, NO_KEY

_API_PATH = {"gemini": "/v1beta"}
_USUAL_PATH = "/v1"
_WORD = "drill"


def key_of(provider: str, number: int) -> str:
    """The key that stands in for a provider's key of this number, counted from 1."""
    return f"sk-drill-{provider}-{number}"


def stand_in(config: Config, fakes: Mapping[str, str], data_dir: Path) -> dict[str, Any]:
    """The config as plain values, ready to be written.

    Args:
        config: The one to rehearse.
        fakes: `http://HOST:PORT` of the fake of each provider, by the provider's name.
        data_dir: Where this gateway keeps its data.
    """
    values: dict[str, Any] = config.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    values["data_dir"] = str(data_dir)
    values["providers"] = {name: _provider(config, name, fakes[name], values["providers"][name]) for name in fakes}
    values.get("telemetry", {}).pop("otlp", None)
    return values


def _provider(config: Config, name: str, fake: str, given: dict[str, Any]) -> dict[str, Any]:
    settings = config.providers[name]
    link = settings.link(name)
    values = given | {"base_url": fake + _API_PATH.get(link.dialect, _USUAL_PATH)}
    if settings.catalog == LOCAL_ROW:  # it has no address: the gateway would run it itself
        values = {"dialect": link.dialect, "base_url": values["base_url"], "capabilities": sorted(link.capabilities)}
    if "headers" in values:
        values["headers"] = dict.fromkeys(values["headers"], _WORD)
    values.pop("api_key", None)
    values.pop("api_keys", None)
    keys = [key_of(name, number) for number in range(1, len(settings.keys) + 1)]
    return values | ({"api_keys": keys} if keys else {"api_key": NO_KEY})
