"""The config of a gateway that was given none: every provider whose key the environment holds, and the local model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from headworks.config.loader import load
from headworks.config.problems import ConfigError, Problem
from headworks.config.settings import Config
from headworks.providers.catalog import Row, rows
from headworks.providers.config import LOCAL_ROW
from headworks.providers.local.weights import runtime_installed

CONFIG_VARIABLE = "HEADWORKS_CONFIG"


def find_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The config to use: the file `path`, else the one HEADWORKS_CONFIG names, else the environment's.

    Raises:
        ConfigError: The file, or a key in the environment, is not usable.
    """
    named = path or config_path(environ)
    return load(named, environ) if named else from_environment(environ)


def config_path(environ: Mapping[str, str]) -> Path | None:
    """The file that HEADWORKS_CONFIG names; None when it names none."""
    named = environ.get(CONFIG_VARIABLE)
    return Path(named) if named else None


def from_environment(environ: Mapping[str, str], *, local: bool | None = None) -> Config:
    """A config without a file.

    Args:
        environ: Where the catalog's key variables are looked up; an empty one counts as not set.
        local: Whether to serve the local model; None asks whether its runtime is installed.

    Raises:
        ConfigError: A key holds characters that no key has.
    """
    providers: dict[str, Any] = {}
    variables: dict[str, str] = {}
    for name, row in rows().items():
        variable = _key_variable(row, environ)
        if variable is not None and row.base_url:
            providers[name] = {"catalog": name, "api_key": environ[variable].strip()}
            variables[name] = variable
    if runtime_installed() if local is None else local:
        providers[LOCAL_ROW] = {"catalog": LOCAL_ROW}
    try:
        return Config.model_validate({"providers": providers})
    except ValidationError as error:
        raise ConfigError([_problem(variables[str(one["loc"][1])]) for one in error.errors()]) from error


def _key_variable(row: Row, environ: Mapping[str, str]) -> str | None:
    return next((variable for variable in row.key_env if environ.get(variable, "").strip()), None)


def _problem(variable: str) -> Problem:
    message = "a key must be printable ASCII without spaces"
    return Problem(file="environment", line=0, column=0, path=variable, message=message)
