"""`headworks check`: is this config right, and if not, where and why."""

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from msgspec import structs

from headworks.cli.output import AsJson, json_text
from headworks.config import Config, ConfigError, find_config
from headworks.config import schema as config_schema
from headworks.telemetry.alerts.channels import APPRISE_ADVICE, apprise_missing

_OK, _WRONG = 0, 1


def check(
    config: Path | None = None,
    *,
    schema: Annotated[bool, Parameter(negative=())] = False,
    json: AsJson = False,
) -> int:
    """Check a config and say what is wrong, where, and what was meant.

    Without a file, the one HEADWORKS_CONFIG names is checked, else what the environment alone gives.

    Example: headworks check --config headworks.yaml

    Args:
        config: The file.
        schema: Print the JSON Schema of the file instead, for editors.
        json: Print JSON for programs.

    Returns:
        Exit code: 0 when it is right, 1 when it is not.
    """
    if schema:
        print(json_text(config_schema()))
        return _OK
    try:
        found = find_config(config, os.environ)
    except ConfigError as error:
        print(json_text({"ok": False, "problems": [structs.asdict(p) for p in error.problems]}) if json else error)
        return _WRONG
    counts, advice = _counts(found), _advice(found)
    if json:
        print(json_text({"ok": True, "problems": [], "advice": advice, **counts}))
    else:
        print("The config is right: " + ", ".join(f"{name} {count}" for name, count in counts.items()) + ".")
        for sentence in advice:
            print(sentence)
    return _OK


def _advice(config: Config) -> list[str]:
    """What this machine lacks for it."""
    return [f"Alert channel `{name}` {APPRISE_ADVICE}." for name in apprise_missing(config.alerts)]


def _counts(config: Config) -> dict[str, Any]:
    return {
        "providers": len(config.providers),
        "models": "any" if config.models is None else len(config.models),
        "features": len(config.features),
    }
