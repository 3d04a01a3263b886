"""What the tests of the command line share: an empty folder, an environment without keys, a way to run, a gateway."""

import json
import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from headworks.cli.commands import run

KEY = "hw-admin-secret"
ACME = {"scope": "org", "name": "acme", "unit": "usd", "window": "day", "period": "2026-11-24", "limit": "2"}
ACME |= {"spent": "1", "reserved": "0.5", "left": "0.5", "used_percent": 75.0, "resets_at": None}
RECORDS = [{"trace_id": f"t{n}", "started_at": "2026-11-23T00:00:00.000Z", "model": "fast"} for n in range(5)]


class Ran:
    """What a command left behind: exit code and both outputs."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def headworks(tmp_path, monkeypatch, capsys) -> Callable[..., Ran]:
    """Runs a command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.endswith(("_API_KEY", "_KEY")) or name.startswith("HEADWORKS_"):
            monkeypatch.delenv(name)

    def command(*tokens: str) -> Ran:
        capsys.readouterr()
        code = run(tokens)
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return command


class AdminApi(BaseHTTPRequestHandler):
    """The shapes of the admin API that docs/reference/admin-api.md fixes, and a few that are not its own."""

    def do_GET(self):
        if not self.is_admin():
            return
        if self.path.startswith("/admin/v1/traces/"):
            known = self.path.endswith("/t1")
            self.answer(200, RECORDS[1]) if known else self.refuse(404, "x", "no")
        elif self.path.startswith("/admin/v1/traces"):
            second = "cursor=2" in self.path
            self.answer(200, {"data": RECORDS[2:] if second else RECORDS[:2], "next": None if second else "2"})
        elif self.path == "/admin/v1/keys":
            self.answer(200, {"data": [{"id": "abc", "name": "laptop"}], "next": None})
        elif self.path == "/admin/v1/budgets":
            self.answer(200, {"data": [ACME]})
        elif self.path == "/admin/v1/cache":
            self.answer(200, self.server.cache)
        elif self.path.startswith("/admin/v1/reports"):
            self.server.asked.append((self.command, self.path, None))
            self.answer(200, self.server.report)
        elif self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("location", "http://127.0.0.1:1/")
            self.end_headers()
        else:
            self.answer(200, "not the shape at all" if "odd" in self.path else {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not self.is_admin():
            return
        self.server.asked.append((self.command, self.path, body))
        if body.get("org") == "bad":
            self.refuse(422, "invalid_request", "`org` is bad.")
        elif body.get("provider") == "nobody":
            self.refuse(404, "unknown_provider", "No provider is called `nobody`.")
        elif self.path == "/admin/v1/cache/invalidate":
            self.answer(200, self.server.cache)
        elif self.path == "/admin/v1/switches":
            self.answer(201, body | {"until": None})
        elif self.path == "/admin/v1/faults":
            self.answer(201, body)
        else:
            self.answer(200, {"id": "new", "key": "hw-new"})

    def do_DELETE(self):
        if self.is_admin():
            self.server.asked.append((self.command, self.path, None))
            self.send_response(204)
            self.end_headers()

    def is_admin(self):
        known = self.headers["authorization"] == f"Bearer {KEY}"
        if not known:
            self.refuse(401, "invalid_api_key", "Not the admin key.")
        return known

    def refuse(self, status, code, message):
        self.answer(status, {"error": {"code": code, "message": message}})

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture
def gateway():
    """A gateway's admin API at `url`; `asked` is what was to be changed with the admin key: method, path, body."""
    with ThreadingHTTPServer(("127.0.0.1", 0), AdminApi) as server:
        server.asked = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
