"""Commands say what is wrong in one line, and exit 0, 1 or 2."""

import re
import subprocess
import sys

import pytest

from headworks import __version__

LEAVES = [
    ("serve",), ("init",), ("check",), ("doctor",), ("explain",), ("fake-provider",),
    ("keys", "create"), ("keys", "list"), ("keys", "revoke"), ("keys", "rotate"),
    ("traces", "list"), ("traces", "show"), ("traces", "tail"), ("traces", "export"),
    ("drill", "list"), ("drill", "run"), ("drill", "game-day"),
]  # fmt: skip


def test_the_help_names_every_command(headworks):
    ran = headworks("--help")
    assert ran.code == 0
    assert all(words[0] in ran.out for words in LEAVES)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_has_help_with_an_example_and_speaks_json(headworks, words):
    ran = headworks(*words, "--help")
    assert ran.code == 0
    assert f"Example: headworks {' '.join(words)}" in ran.out
    assert "--json" in ran.out or words == ("serve",)


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["chek"], "There is no command `chek`. Did you mean `check`?"),
        (["zzz"], "There is no command `zzz`. There are: serve, init"),
        (["keys", "crate"], "There is no command `crate`. Did you mean `create`?"),
        (["explain", "--modl", "x"], "Unknown option: --modl. Did you mean --model? Try `headworks explain --help`."),
        (["keys", "create"], "Try `headworks keys create --help`."),
        (["traces", "list", "--limit", "many"], "Try `headworks traces list --help`."),
        (["check", "a", "b"], "Try `headworks check --help`."),
    ],
)
def test_bad_usage_exits_2_with_one_sentence(headworks, tokens, sentence):
    ran = headworks(*tokens)
    assert ran.code == 2
    assert sentence in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_the_version_is_the_packages(headworks):
    assert headworks("--version").out.strip() == __version__


def test_errors_are_json_for_those_who_asked_for_it(headworks):
    ran = headworks("explain", "--config", "none.yaml", "--json")
    assert ran.code == 1
    assert ran.json["error"]["code"] == "invalid_config"
    assert headworks("explain", "--config", "none.yaml").err.startswith("none.yaml: cannot be read")


def test_the_package_can_be_run_as_a_module_and_imports_no_room_for_its_help():
    script = (
        "import sys; from headworks.cli.commands import run; run(['--help']); "
        "print([m for m in sys.modules if m.startswith('headworks.')])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = set(re.findall(r"headworks\.\w+", ran.stdout.splitlines()[-1]))
    assert modules == {"headworks.cli", "headworks.core"}
    ran = subprocess.run([sys.executable, "-m", "headworks", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == __version__


def test_init_writes_a_config_that_passes_check_as_it_is(headworks, tmp_path):
    assert headworks("init").code == 0
    ran = headworks("check", "headworks.yaml")
    assert (ran.code, ran.out) == (0, "The config is right: providers 1, models 1, features 1.\n")


def test_init_never_overwrites_unless_told_to(headworks, tmp_path):
    (tmp_path / "headworks.yaml").write_text("mine")
    ran = headworks("init")
    assert (ran.code, ran.err) == (1, "headworks.yaml exists already; --force overwrites it.\n")
    assert (tmp_path / "headworks.yaml").read_text() == "mine"
    assert headworks("init", "--force", "--json").json == {"written": "headworks.yaml"}
    assert (tmp_path / "headworks.yaml").read_text() != "mine"
    assert headworks("init", "no/such/folder.yaml").code == 1


def test_every_commented_line_of_the_written_config_is_right_too(headworks, tmp_path, monkeypatch):
    headworks("init")
    text = (tmp_path / "headworks.yaml").read_text()
    bare = re.sub(r"^( *)# (?= *[a-z_-]+:)", r"\1", text.split("\nserver:", 1)[1], flags=re.MULTILINE)
    (tmp_path / "all.yaml").write_text("server:" + bare)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_KEY_A", "ANTHROPIC_KEY_B"):
        monkeypatch.setenv(name, "k")
    assert headworks("check", "all.yaml").out == "The config is right: providers 4, models 4, features 2.\n"


def test_check_prints_every_problem_as_file_line_column(headworks, tmp_path):
    (tmp_path / "c.yaml").write_text("server:\n  prot: 1\nstore: x\n")
    ran = headworks("check", "--config", "c.yaml")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "c.yaml:2:3: server.prot: unknown key `prot` (did you mean `port`?)"
    found = headworks("check", "c.yaml", "--json").json
    assert not found["ok"]
    assert [(p["line"], p["column"], p["suggestion"]) for p in found["problems"]] == [(2, 3, "port"), (3, 8, None)]


def test_check_follows_the_variable_and_then_the_environment(headworks, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert headworks("check", "--json").json["models"] == "any"
    (tmp_path / "c.yaml").write_text("server: {port: x}")
    monkeypatch.setenv("HEADWORKS_CONFIG", "c.yaml")
    assert headworks("check").code == 1


def test_check_prints_the_schema(headworks):
    schema = headworks("check", "--schema").json
    assert schema["title"] == "headworks.yaml"
    assert "providers" in schema["properties"]


def test_explain_shows_the_steps_for_a_body(headworks, tmp_path):
    headworks("init")
    (tmp_path / "body.json").write_text('{"model": "small", "messages": [{"role": "user", "content": "Hi"}]}')
    ran = headworks("explain", "body.json", "--config", "headworks.yaml", "--json")
    assert ran.code == 0
    assert [step["step"] for step in ran.json] == [
        "ask",
        "feature",
        "key",
        "route",
        "cache",
        "budgets",
        "policy",
        "target",
        "request",
    ]
    assert "first choice: `local` at `local`" in headworks("explain", "--config", "headworks.yaml").out


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        (["--model", "smal"], "unknown_model"),
        (["--feature", "x"], "unknown_model"),
        (["--kind", "embedding"], "unsupported_field"),
    ],
)
def test_explain_says_why_a_request_would_be_refused(headworks, tokens, code):
    headworks("init")
    ran = headworks("explain", "--config", "headworks.yaml", "--json", *tokens)
    assert ran.code == 1
    assert ran.json[-1]["step"] == "refused"
    assert ran.json[-1]["details"]["code"] == code


@pytest.mark.parametrize("kind", ["chat", "completion", "messages", "count"])
def test_explain_reads_every_kind_of_body(headworks, kind):
    headworks("init")
    assert headworks("explain", "--kind", kind, "--config", "headworks.yaml").code == 0


@pytest.mark.parametrize("body", ["", "[]", "{", '{"model": 3}', "\xff"])
def test_explain_refuses_a_broken_body_in_one_line(headworks, tmp_path, body):
    (tmp_path / "b.json").write_text(body, encoding="latin-1")
    for more in ([], ["--model", "m"]):
        ran = headworks("explain", "b.json", *more)
        assert ran.code == 1
        assert len(ran.err.splitlines()) == 1


def test_explain_asks_as_a_key_would(headworks):
    headworks("init")
    made = headworks("keys", "create", "k", "--models", "other", "--config", "headworks.yaml", "--json").json
    ran = headworks("explain", "--key", made["id"], "--config", "headworks.yaml")
    assert ran.code == 1
    assert "This key may not use the model" in ran.out
    headworks("keys", "revoke", made["id"], "--config", "headworks.yaml")
    assert "is revoked" in headworks("explain", "--key", made["id"], "--config", "headworks.yaml").err
