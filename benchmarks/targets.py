"""What is measured: no gateway at all, nginx, and Headworks with everything on; each a process of its own."""

import contextlib
import http.client
import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Target:
    """A place to send calls to. `pid` is None where there is nothing between clients and upstream."""

    name: str
    port: int
    key: str = "none"
    pid: int | None = None
    ready_s: float = 0.0
    folder: Path | None = None


@contextlib.contextmanager
def upstream() -> Iterator[Target]:
    """The benchmark's provider, which is the target `direct`, too."""
    command = [sys.executable, "-m", "benchmarks.upstream"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Target("direct", int(process.stdout.readline()))
        process.stdin.close()


@contextlib.contextmanager
def nginx(program: str, upstream_port: int, folder: Path) -> Iterator[Target]:
    """A plain reverse proxy: one worker, kept connections, nothing buffered, nothing logged."""
    port = _free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port, upstream=upstream_port), encoding="utf-8")
    began = time.perf_counter()
    with subprocess.Popen([program, "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]) as process:
        try:
            ready_s = _wait_until_ready(port, "/ready", began, process)
            yield Target("nginx", port, pid=process.pid, ready_s=ready_s)
        finally:
            process.terminate()


@contextlib.contextmanager
def headworks(upstream_port: int, folder: Path, checkout: Path | None = None) -> Iterator[Target]:
    """The gateway with everything on: a virtual key is checked, the call is priced, its trace record is written.

    With `checkout`, the code of that folder: another commit, to be compared with this one.
    """
    name = "headworks" if checkout is None else f"headworks of {checkout.name}"
    folder = folder / secrets.token_hex(4)
    folder.mkdir()
    port, admin_key = _free_port(), "hw-admin-" + secrets.token_hex(24)
    config = folder / "headworks.yaml"
    config.write_text(_HEADWORKS.format(folder=folder, port=port, upstream=upstream_port), encoding="utf-8")
    command = [sys.executable, "-m", "headworks", "serve", "--config", str(config), "--port", str(port)]
    environment = {"HEADWORKS_ADMIN_KEY": admin_key, "PATH": "/usr/bin:/bin"}
    if checkout is not None:
        environment["PYTHONPATH"] = str(checkout.resolve() / "src")
    with (folder / "headworks.log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            ready_s = _wait_until_ready(port, "/readyz", began, process)
            yield Target(name, port, _virtual_key(port, admin_key), process.pid, ready_s, folder)
        finally:
            process.terminate()
            process.wait(READY_TIMEOUT_S)


def find_nginx() -> str | None:
    """The nginx of this machine; Debian keeps it where only root looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _virtual_key(port: int, admin_key: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_TIMEOUT_S)
    body = json.dumps({"name": "bench", "org": "bench", "user": "bench"})
    headers = {"authorization": f"Bearer {admin_key}", "content-type": "application/json"}
    with contextlib.closing(connection):
        connection.request("POST", "/admin/v1/keys", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: the gateway gave no key: {answer.status} {content[:300]!r}")
        key: str = json.loads(content)["key"]
        return key


def _wait_until_ready(port: int, path: str, began: float, process: "subprocess.Popen[bytes]") -> float:
    """Seconds from `began` until `path` answers 200."""
    while time.perf_counter() - began < READY_TIMEOUT_S:
        if process.poll() is not None:
            raise SystemExit(f"bench: {process.args!r} ended with {process.returncode} instead of serving")
        with (
            contextlib.suppress(OSError),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection,
        ):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.perf_counter() - began
        time.sleep(0.01)
    raise SystemExit(f"bench: {process.args!r} was not ready within {READY_TIMEOUT_S:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 64m;
  client_body_buffer_size 16m;
  keepalive_requests 10000000;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port};
    location = /ready {{ return 200; }}
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""

_HEADWORKS = """
server: {{host: 127.0.0.1, port: {port}}}
data_dir: {folder}/headworks-data
providers:
  lab: {{dialect: openai, base_url: "http://127.0.0.1:{upstream}/v1", api_key: none}}
models:
  bench: {{provider: lab, model: bench-model, price_usd_per_mtok: {{input: 0.10, output: 0.40}}}}
features:
  default: {{model: bench}}
  budgeted:
    model: bench
    budget: {{usd_per_day: 100000, usd_per_month: 1000000, usd_total: 10000000, tokens_per_day: 100000000000}}
    limits: {{rpm: 100000000}}
"""
