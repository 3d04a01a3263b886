"""The commands do the same in a data directory and at a running gateway, through its admin API."""

import json
import os
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from headworks.budgets import TokenCounter
from headworks.cli.access.place import Place
from headworks.cli.commands import run
from headworks.cli.prompts import delete
from headworks.core.errors import HeadworksError
from headworks.dialects.openai import write_error
from headworks.prompts.registry import Registry
from headworks.server.admin.prompts import add_prompts
from headworks.testing import FakeBoard, FakeClock

BOT = """---
description: Helps.
variables:
  name: {type: string}
  vip: {type: boolean, default: false}
---
## system
{% include "tone" %}
## user
I am {{ name }}.{% if vip %} Again.{% endif %}
"""


class Ran:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def gateway() -> Iterator[str]:
    """The admin API of prompts on a port of this machine."""
    app = FastAPI()
    add_prompts(app, Registry(FakeBoard(FakeClock()), FakeClock()), lambda text: len(text.split()))

    @app.exception_handler(HeadworksError)
    async def failed(request: Request, error: HeadworksError) -> Response:
        return Response(write_error(error, ""), error.status, media_type="application/json")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(params=["data directory", "gateway"])
def prompts(request, tmp_path, monkeypatch, capsys):
    """Runs `headworks prompts` in a folder with two files."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("HEADWORKS_"):
            monkeypatch.delenv(name)
    place: tuple[str, ...] = ()
    if request.param == "gateway":
        place = ("--url", request.getfixturevalue("gateway"))
        monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "k")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "bot.md").write_text(BOT)
    (tmp_path / "prompts" / "tone.md").write_text("Be kind.")

    def command(*tokens: str) -> Ran:
        capsys.readouterr()
        code = run(("prompts", *tokens, *place))
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    command.url = place[1] if place else None
    return command


def test_a_folder_is_pushed_listed_and_written_again(prompts, tmp_path):
    assert prompts("list").out == "There are no prompts. `headworks prompts push FOLDER` keeps some.\n"
    assert [line.split()[1] for line in prompts("push", "prompts", "--dry-run").out.splitlines()[:2]] == ["new", "new"]
    assert prompts("list", "--json").json == []
    pushed = prompts("push", "--why", "first", "--json").json
    assert [(one["name"], one["version"], one["result"]) for one in pushed] == [("bot", 1, "new"), ("tone", 1, "new")]
    assert [one["result"] for one in prompts("push", "prompts", "--json").json] == ["unchanged", "unchanged"]
    assert "Helps." in prompts("list").out
    written = prompts("export", "--to", "again", "--json").json
    assert written == ["again/bot.md", "again/tone.md"]
    assert (tmp_path / "again" / "bot.md").read_text() == BOT
    assert [one["result"] for one in prompts("push", "again", "--json").json] == ["unchanged", "unchanged"]


def test_a_version_is_shown_with_how_much_is_the_same_for_everybody(prompts):
    prompts("push", "--why", "first")
    shown = prompts("show", "bot@1", "--json").json
    assert (shown["includes"], shown["why"], shown["version"]) == (["tone"], "first", 1)
    assert shown["static"]["characters"] == len("Be kind.I am ")
    assert shown["static"]["tokens"] in (4, sum(TokenCounter().text(text, wait=True) for text in ("Be kind.", "I am ")))
    assert "same for everybody: the first 13 characters" in prompts("show", "bot").out
    assert "I am {{ name }}" in prompts("show", "bot").out


def test_a_label_is_moved_and_moved_back(prompts, tmp_path):
    prompts("push")
    (tmp_path / "prompts" / "bot.md").write_text(BOT.replace("I am", "My name is"))
    prompts("push")
    assert prompts("label", "bot", "production", "1", "--expected", "0").out == "production of bot is at version 1.\n"
    assert prompts("label", "bot", "production", "2", "--why", "better").code == 0
    late = prompts("label", "bot", "production", "1", "--expected", "1", "--json")
    assert (late.code, late.json["error"]["code"]) == (1, "conflict")
    assert [move["version"] for move in prompts("label", "bot", "production", "--json").json] == [2, 1]
    assert "better" in prompts("label", "bot", "production").out
    assert prompts("rollback", "bot", "--why", "worse", "--json").json["version"] == 1
    assert "production=1" in prompts("list").out
    assert [one["labels"] for one in prompts("list", "bot", "--json").json] == [[], ["production"]]
    assert "production" in prompts("list", "bot").out


def test_two_versions_are_compared_with_what_they_include(prompts, tmp_path):
    prompts("push")
    (tmp_path / "prompts" / "tone.md").write_text("Be brief.")
    prompts("push")
    assert prompts("diff", "bot", "1", "2").out.splitlines() == [
        "--- bot@1/tone",
        "+++ bot@2/tone",
        "@@ -1 +1 @@",
        "-Be kind.",
        "+Be brief.",
        "",
    ]
    assert prompts("diff", "bot", "1", "1").out == "They are the same.\n"
    assert prompts("diff", "bot", "1", "1", "--json").json == {"diff": ""}


def test_a_prompt_is_rendered_with_values_from_words_and_files(prompts, tmp_path):
    prompts("push")
    prompts("label", "bot", "production", "1")
    (tmp_path / "values.json").write_text('{"name": "Bea", "vip": true}')
    found = prompts("render", "bot", "--variables", "values.json", "--var", "name=Ann", "--json").json
    assert found == {
        "prompt": "bot@1",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "I am Ann. Again."}],
    }
    found = prompts("render", "bot@1", "--var", "name=Ann", "--dialect", "anthropic").out
    assert '"system": "Be kind."' in found
    refused = prompts("render", "bot@production", "--var", "nam=Ann")
    assert (refused.code, refused.err) == (
        1,
        "`variables.nam`: the prompt has no such variable. Did you mean `name`?\n",
    )


def test_a_deleted_version_is_marked(prompts, capsys):
    prompts("push")
    delete("tone", 1, why="old", place=Place(url=prompts.url))
    assert capsys.readouterr().out == "tone@1 is marked as deleted.\n"
    assert [one["name"] for one in prompts("list", "--json").json] == ["bot"]
    assert prompts("list", "tone", "--json").json[0]["deleted"]


def test_a_name_may_have_letters_of_any_script(prompts, tmp_path):
    (tmp_path / "Grüße.md").write_text("x")
    assert prompts("push", "Grüße.md", "--json").json[0]["name"] == "Grüße"
    assert prompts("show", "Grüße", "--json").json["version"] == 1


@pytest.mark.parametrize(
    ("tokens", "complaint"),
    [
        (("show", "bod"), "There is no prompt `bod`. Did you mean `bot`?"),
        (("show", "bot@live"), "The prompt `bot` has no label `live`."),
        (("label", "bot", "live"), "The prompt `bot` has no label `live`."),
        (("label", "bot", "live", "9"), "The prompt `bot` has no version 9"),
        (("push", "none"), "none cannot be read"),
        (("push", "wrong.md"), "wrong.md:3: "),
        (("push", "bytes.md"), "bytes.md is not UTF-8"),
        (("push", "empty"), "There are no .md files in empty."),
        (("render", "bot@1", "--var", "x"), "`--var x`: write --var name=value."),
        (("render", "bot@1", "--variables", "wrong.md"), "wrong.md: expected a JSON object"),
        (("render", "bot@1", "--variables", "none"), "none cannot be read"),
        (("export", "--to", "wrong.md"), "wrong.md cannot be written"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(prompts, tmp_path, tokens, complaint):
    prompts("push")
    (tmp_path / "wrong.md").write_text("---\n\nparametres: 1\n---\nx")
    (tmp_path / "bytes.md").write_bytes(b"\xff")
    (tmp_path / "empty").mkdir()
    ran = prompts(*tokens)
    assert ran.code == 1
    assert ran.err.startswith(complaint)
