"""Where a command acts: on the data directory of a config, or on a running gateway."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headworks.cli.access.admin import AdminApi
from headworks.cli.output import AsJson
from headworks.config import Config, find_config
from headworks.core.errors import BadAskError

ADMIN_VARIABLE = "HEADWORKS_ADMIN_KEY"
_DURATION = re.compile(r"(\d{1,9})([smhd])")
_CENTURY_S = 100 * 365 * 86_400
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Where to act, and how to show what was found.

    Attributes:
        config: Act on the data directory of this config; else of the one HEADWORKS_CONFIG names, else ./headworks-data.
        url: Act on the gateway at this address instead, with the admin key in HEADWORKS_ADMIN_KEY.
        json: Print JSON for programs.
    """

    config: Path | None = None
    url: str | None = None
    json: AsJson = False

    def read(self) -> Config:
        """The config.

        Raises:
            ConfigError: It is not right.
        """
        return find_config(self.config, os.environ)

    def data_dir(self) -> Path:
        """The data directory.

        Raises:
            ConfigError: The config is not right.
        """
        return self.read().data_dir

    def admin(self) -> AdminApi | None:
        """The gateway's admin API; None when the data directory is meant.

        Raises:
            BadAskError: No admin key, an address that is none, or both `--url` and `--config`.
        """
        if self.url is None:
            return None
        if self.config is not None:
            raise BadAskError("Give --config or --url, not both.")
        key = os.environ.get(ADMIN_VARIABLE)
        if not key:
            raise BadAskError(f"--url needs the admin key in the environment variable {ADMIN_VARIABLE}.")
        return AdminApi(self.url, key)


Here = Annotated[Place, Parameter(name="*")]


def seconds(duration: str) -> int:
    """Seconds of `90s`, `15m`, `24h` or `7d`.

    Raises:
        BadAskError: It is none of these, or longer than a century.
    """
    match = _DURATION.fullmatch(duration)
    length = int(match[1]) * _SECONDS[match[2]] if match else _CENTURY_S + 1
    if length > _CENTURY_S:
        raise BadAskError(f"`{duration}` is not a duration; write 90s, 15m, 24h or 7d.")
    return length
