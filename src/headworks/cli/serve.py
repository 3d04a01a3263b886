"""`headworks serve`: start the gateway, tell where it listens, drain it at the end."""

import os
import socket
from pathlib import Path

import uvloop

from headworks.cli.output import AsJson
from headworks.cli.serving.single import serve_alone
from headworks.cli.serving.supervisor import supervise
from headworks.config import config_path, find_config
from headworks.core.errors import StoreError
from headworks.telemetry import configure_logs


def serve(*, config: Path | None = None, host: str | None = None, port: int | None = None, json: AsJson = False) -> int:
    """Start the gateway.

    Without a config it serves every provider whose key is in the environment, and the local model. It drains on SIGTERM
    or Ctrl-C, and reloads its config on SIGHUP or when the file changes.

    Example: headworks serve --config headworks.yaml --port 8080

    Args:
        config: The config file; else HEADWORKS_CONFIG, else none.
        host: Listen here instead of the config's server.host.
        port: Listen here instead of the config's server.port; 0 takes any free port.
        json: Once it answers calls, print JSON for programs: `url`, and what was made: `admin_key`, `key`.
    """
    path = config or config_path(os.environ)
    settings = find_config(path, os.environ)
    configure_logs(settings.telemetry.logs)
    listener = _listen(host or settings.server.host, settings.server.port if port is None else port)
    run = serve_alone if settings.server.workers == 1 else supervise
    uvloop.run(run(settings, path, listener, as_json=json))
    return 0


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StoreError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Is another gateway running? Choose with --port."
        ) from error
    return listener
