"""Drills with the real gateway: what is not met is said, your own config is rehearsed, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from headworks.drills.stage.gateway import DrillError, running

NO_FALLBACK = """
title: The only provider is down
config:
  providers: {lab: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: none}}
  models: {only: {provider: lab, model: m}}
timeline: [{recipes: [{status: 404}]}]
load: {calls: 4, rate_per_s: 50}
expect: {success_share: 1}
"""
OWN = """
server: {port: 1}
data_dir: /nowhere/at/all
providers:
  main: {catalog: openai, api_key: "${A_KEY_THAT_NOBODY_SET}"}
  other: {catalog: anthropic, api_keys: ["${ANOTHER}", "${A_THIRD}"]}
models:
  fast: {provider: main, model: gpt-4o-mini, fallbacks: [haiku]}
  haiku: {provider: other, model: claude-haiku-4-5}
"""


class Drill:
    """Runs `headworks drill` in a folder of its own, which is also where temporary files go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "headworks", "drill", *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def left_over(self) -> list[Path]:
        return list(self.temporary.iterdir())


@pytest.fixture
def drill(tmp_path: Path) -> Drill:
    return Drill(tmp_path)


def test_a_drill_whose_expectations_are_not_met_says_so(drill):
    (drill.folder / "alone.yaml").write_text(NO_FALLBACK, encoding="utf-8")
    code, out, err = drill.run("run", "alone.yaml", "utf8-split", "--report", "reports")
    assert code == 1, err
    assert "success_share: wanted at least 1, found 0" in out
    assert "Call 0 (openai, stream, only, " in out
    assert "1 of 2 drills passed." in out
    root = ET.parse(drill.folder / "reports" / "drill.xml").getroot()
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("alone", "1"), ("utf8-split", "0")]
    page = (drill.folder / "reports" / "drill.md").read_text(encoding="utf-8")
    assert "| success_share | at least 1 | 0 | **not met** |" in page
    assert drill.left_over() == []


def test_your_own_config_is_rehearsed_without_its_keys_and_its_data(drill):
    (drill.folder / "own.yaml").write_text(OWN, encoding="utf-8")
    code, out, err = drill.run("run", "lasting-503", "usage-in-last-chunk", "--config", "own.yaml", "--json")
    assert code == 0, out + err
    told = json.loads(out)
    assert told["passed"]
    calls = {verdict["name"]: verdict["figures"]["provider_calls"] for verdict in told["verdicts"]}
    assert calls["usage-in-last-chunk"] == {"main": 16}
    assert calls["lasting-503"]["other"] == 16


def test_a_timeline_that_names_a_stranger_cannot_be_held(drill):
    (drill.folder / "own.yaml").write_text(OWN, encoding="utf-8")
    (drill.folder / "x.yaml").write_text("title: x\ntimeline: [{provider: mian, down: true}]", encoding="utf-8")
    code, out, _ = drill.run("run", "x.yaml", "--config", "own.yaml")
    assert code == 1
    assert "The timeline names `mian`" in out
    assert "Its providers are main, other." in " ".join(out.split())


async def test_a_gateway_that_does_not_come_up_is_quoted(tmp_path):
    with pytest.raises(DrillError, match=r"did not come up(.|\n)*unknown key `provdiers`"):
        async with running({"provdiers": {}}, tmp_path):
            pass


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_everything_that_was_started(drill, eventually, number, code):
    process = drill.start("run", "silence-120s", "flap-60s")
    gateways = eventually(lambda: found if len(found := children(process.pid)) == 2 else [])
    eventually(lambda: len(list(drill.temporary.rglob("traces.sqlite"))) == 2)
    process.send_signal(number)
    process.communicate(timeout=20)
    assert process.returncode == code
    assert [pid for pid in gateways if Path(f"/proc/{pid}").exists()] == []
    assert drill.left_over() == []
