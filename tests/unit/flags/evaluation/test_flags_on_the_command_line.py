"""`headworks flags list`, `show`, `set`, `delete` and `evaluate`, on a board and at a gateway."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App
from msgspec import Struct

from headworks.cli.access.place import Place
from headworks.cli.flags import definitions
from headworks.core.errors import BadAskError, HeadworksError
from headworks.flags.config import FlagSettings

ON = '{"type": "boolean", "default": "on"}'
HALVES = '{"type": "boolean", "rules": [{"split": {"on": 50, "off": 50}}]}'
IN_FILE = {"of-file": {"type": "string", "variants": {"a": "4.10"}, "default": "a"}}


class Settings(Struct):
    """As much of a config as these commands read."""

    data_dir: Path
    flags: FlagSettings
    shared: None = None


@dataclass(frozen=True)
class Here(Place):
    """A place whose config is `settings`."""

    settings: Any = None

    def read(self) -> Any:
        return self.settings


@pytest.fixture
def stored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Runs a command on a board; its JSON, or with `plain=True` its text."""
    settings = Settings(tmp_path, FlagSettings(definitions=IN_FILE))

    def run(command: Callable[..., int], *words: Any, plain: bool = False, **options: Any) -> Any:
        capsys.readouterr()
        assert command(*words, **options, place=Here(settings=settings, json=not plain)) == 0
        out = capsys.readouterr().out
        return out if plain else json.loads(out)

    return run


def test_a_flag_from_its_making_to_its_end(stored: Callable[..., Any]):
    assert stored(definitions.set_flag, "f", ON, why="try it", expected=0)["version"] == 1
    assert [one["name"] for one in stored(definitions.list_flags)] == ["f", "of-file"]
    shown = stored(definitions.show, "f")
    assert (shown["who"], shown["why"], shown["definition"]) == ("command line", "try it", json.loads(ON))
    assert stored(definitions.evaluate, "f")["value"] is True
    with pytest.raises(BadAskError) as caught:
        stored(definitions.set_flag, "f", ON, expected=0)
    assert caught.value.code == "conflict"
    assert stored(definitions.delete, "f", why="done")["version"] == 2
    with pytest.raises(BadAskError, match="no flag `f`"):
        stored(definitions.show, "f")


def test_a_definition_comes_from_a_file(stored: Callable[..., Any], tmp_path: Path):
    (tmp_path / "f.json").write_text(HALVES, encoding="utf-8")
    stored(definitions.set_flag, "f", file=tmp_path / "f.json")
    found = stored(definitions.evaluate, "f", targeting_key="anna", context='{"org": "acme"}')
    assert found["reason"] == "SPLIT"
    assert stored(definitions.evaluate, "f")["error_code"] == "TARGETING_KEY_MISSING"


@pytest.mark.parametrize(
    ("words", "options", "sentence"),
    [
        (("f",), {}, "definition, or --file"),
        (("f", ON), {"file": Path("x")}, "definition, or --file"),
        (("f",), {"file": Path("no-such-file")}, "cannot be read"),
        (("f", "{"), {}, "is not JSON"),
        (("f", '{"type": "x"}'), {}, "unknown type `x`"),
        (("of-file", ON), {}, "defined in the config file"),
    ],
)
def test_what_cannot_be_put_up_is_one_sentence(
    stored: Callable[..., Any], words: tuple[str, ...], options: dict[str, Any], sentence: str
):
    with pytest.raises(BadAskError, match=sentence):
        stored(definitions.set_flag, *words, **options)


@pytest.mark.parametrize("context", ["{", "[]"])
def test_a_context_that_is_none_is_refused(stored: Callable[..., Any], context: str):
    with pytest.raises(BadAskError, match="--context"):
        stored(definitions.evaluate, "of-file", context=context)


def test_people_read_tables(stored: Callable[..., Any]):
    assert stored(definitions.set_flag, "f", ON, plain=True) == "Flag f is in force, version 1.\n"
    listed = stored(definitions.list_flags, plain=True).splitlines()
    assert listed[0].split()[:4] == ["name", "type", "enabled", "default"]
    assert listed[1].split()[:3] == ["f", "boolean", "True"]
    shown = stored(definitions.show, "of-file", plain=True)
    assert '"a": "4.10"' in shown
    assert "config" in shown
    assert '"4.10"' in stored(definitions.evaluate, "of-file", plain=True)
    assert stored(definitions.delete, "f", plain=True) == "Flag f is gone.\n"


def test_there_may_be_no_flags(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    definitions.list_flags(place=Here(settings=Settings(tmp_path, FlagSettings())))
    assert capsys.readouterr().out == "There are no flags.\n"


class Gateway(BaseHTTPRequestHandler):
    """Notes what it is asked, and answers as the admin API does."""

    asked: list[tuple[str, str, Any]]

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.asked.append((self.command, self.path, body))
        view = {"name": "f", "definition": json.loads(ON), "version": 3, "value": True, "source": "board"}
        fault = {"error": {"code": "conflict", "message": "Somebody else has changed it."}}
        bad = self.path.endswith("taken")
        answer = fault if bad else {"data": [view]} if self.path.endswith("/flags") else view
        self.send_response(409 if bad else 200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  the server asks for these names

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    Gateway.asked = []
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "the-admin-key")
    yield Place(url=f"http://127.0.0.1:{server.server_port}", json=True)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_gateway_is_asked_through_its_admin_api(place: Place, capsys: pytest.CaptureFixture[str]):
    definitions.list_flags(place=place)
    definitions.show("f", place=place)
    definitions.set_flag("f", ON, why="because", expected=2, place=place)
    definitions.evaluate("f", targeting_key="anna", place=place)
    definitions.delete("f", why="done", expected=3, place=place)
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert Gateway.asked == [
        ("GET", "/admin/v1/flags", None),
        ("GET", "/admin/v1/flags/f", None),
        ("PUT", "/admin/v1/flags/f", {"definition": json.loads(ON), "why": "because", "expected": 2}),
        ("POST", "/admin/v1/flags/f/evaluate", {"context": {"targetingKey": "anna"}}),
        ("DELETE", "/admin/v1/flags/f?why=done&expected=3", None),
    ]


def test_the_gateways_own_sentence_is_the_error(place: Place):
    with pytest.raises(HeadworksError, match="Somebody else") as caught:
        definitions.set_flag("taken", ON, place=place)
    assert caught.value.code == "conflict"


def test_the_options_have_the_names_of_the_docs(place: Place, capsys: pytest.CaptureFixture[str]):
    app = App()
    app.command(definitions.set_flag, name="set")
    app.command(definitions.evaluate)
    for line in (
        ["set", "f", ON, "--why", "x", "--expected", "2", "--url", str(place.url)],
        ["evaluate", "f", "--targeting-key", "anna", "--context", "{}", "--url", str(place.url), "--json"],
    ):
        assert app(line, exit_on_error=False, print_error=False, result_action="return_value") == 0
    assert capsys.readouterr().out.startswith("Flag f is in force, version 3.")
