"""`headworks experiments`, on the board of a config: started, reported, stopped and promoted without a gateway."""

import json
from pathlib import Path

import pytest
from cyclopts import App

from headworks.cli import prompts
from headworks.cli.access.place import Place
from headworks.cli.experiments import commands
from headworks.core.errors import BadAskError
from headworks.telemetry.ledger.tables import Ledger
from headworks.telemetry.record import TraceRecord

CONFIG = """\
providers:
  lab: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: none}
models:
  fast: {provider: lab, model: small}
  haiku: {provider: lab, model: other}
features:
  support-bot: {model: fast}
"""


@pytest.fixture
def experiments(tmp_path, monkeypatch, capsys):
    """Runs a command of the group, in a folder with a config; its output."""
    monkeypatch.chdir(tmp_path)
    Path("headworks.yaml").write_text(CONFIG, encoding="utf-8")
    app = App()
    app.command(commands.start)
    app.command(commands.list_experiments, name="list")
    for command in (commands.show, commands.report, commands.stop, commands.promote):
        app.command(command)

    def run(*tokens: str) -> str:
        capsys.readouterr()
        line = [*tokens, "--config", "headworks.yaml"]
        code = app(line, exit_on_error=False, print_error=False, result_action="return_value")
        assert code == 0
        return capsys.readouterr().out

    return run


START = ("start", "support-bot", "--variants", "control:50,new:50", "--set", "new.model=haiku")


def push(versions: int) -> None:
    """Versions of the prompt `support-bot`."""
    Path("prompts").mkdir(exist_ok=True)
    for number in range(1, versions + 1):
        Path("prompts/support-bot.md").write_text(f"Answer, version {number}.\n", encoding="utf-8")
        prompts.push(Path("prompts"), place=Place(config=Path("headworks.yaml")))


def test_an_experiment_is_started_with_the_words_of_its_docs(experiments):
    push(8)
    variants = ("start", "support-bot", "--variants", "support-bot@7:90,support-bot@8:10", "--metric", "feedback")
    told = experiments(*variants, "--guard", "cost,ttft,refusals,errors", "--ramp", "--min-effect", "0.05")
    assert told.startswith("Started: support-bot-1 on support-bot: running.\n")
    assert "support-bot@8  10%    0.1%" in told
    assert "guards cost:0.2, ttft:0.2, refusals:0.02, errors:0.02, planned for 16,700 users" in told


def test_a_version_that_does_not_exist_is_not_tried(experiments):
    push(7)
    with pytest.raises(BadAskError, match="no version 8; the newest is 7"):
        experiments("start", "support-bot", "--variants", "support-bot@7:90,support-bot@8:10")


def test_it_is_listed_shown_and_stopped(experiments):
    assert experiments("list") == "There has been no experiment.\n"
    experiments(*START, "--why", "Cheaper.")
    assert "support-bot-1  support-bot  running  control:50 new:50" in experiments("list")
    assert "command line  Cheaper." in experiments("show", "support-bot")
    over = json.loads(experiments("stop", "support-bot", "--why", "Enough.", "--json"))
    assert (over["state"], over["ended"]) == ("stopped", "Enough.")
    with pytest.raises(BadAskError, match="was stopped already: Enough"):
        experiments("stop", "support-bot")


def test_a_report_reads_the_ledger_of_the_config(experiments, tmp_path):
    made = json.loads(experiments(*START, "--json"))
    started_ms = 4_000_000_000_000  # later than any clock that runs this test
    ledger = Ledger(tmp_path / "headworks-data")
    ledger.open()
    records = [
        TraceRecord(
            status="ok",
            trace_id=f"t{number}",
            started_at=started_ms,
            feature="support-bot",
            user_id=f"user-{number}",
            experiment=f"{made['name']}:new",
        )
        for number in range(40)
    ]
    ledger.insert(records)
    ledger.close()
    told = experiments("report", "support-bot")
    assert "Tried since" in told
    assert "of 40 calls were answered by another variant than their user's: not counted." in told
    assert json.loads(experiments("report", "support-bot-1", "--json"))["feature"] == "support-bot"


def test_the_one_new_variant_is_promoted_without_naming_it(experiments):
    experiments(*START)
    assert experiments("promote", "support-bot").startswith("Promoted new: support-bot-1 on support-bot: promoted.")
    assert experiments("stop", "support-bot", "--to-config").startswith("The config decides again: support-bot-1")
    assert experiments("list") == "There has been no experiment.\n"


def test_of_several_new_variants_one_has_to_be_named(experiments):
    experiments("start", "support-bot", "--variants", "control:50,a:25,b:25")
    with pytest.raises(BadAskError, match="Say which variant: a, b"):
        experiments("promote", "support-bot")


@pytest.mark.parametrize(
    ("tokens", "part"),
    [
        (("start", "suport-bot", "--variants", "a:50,b:50"), "no feature `suport-bot`"),
        (("start", "support-bot", "--variants", "a:50,b:40"), "add up to 90"),
        (("start", "support-bot", "--variants", "a:50,b:50", "--set", "b.model=opus"), "no model `opus`"),
        (("start", "support-bot", "--variants", "a:50,b:50", "--step", "soon"), "not a duration"),
        (("show", "support-bot"), "There is no experiment"),
    ],
)
def test_bad_input_is_told_in_a_sentence(experiments, tokens, part):
    with pytest.raises(BadAskError, match=part):
        experiments(*tokens)
