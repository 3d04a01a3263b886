"""Scenarios: what is shipped is right, what is wrong is told with its line, and the reference names every key."""

import re
from pathlib import Path
from typing import Any

import pytest

from headworks.config import ConfigError
from headworks.drills import find_scenarios, read_scenario, shipped
from headworks.drills.expect import Expect
from headworks.drills.scenario import Event, Load, Scenario
from headworks.testing import SHIPPED, Recipe

DOCS = Path(__file__).parents[3] / "docs"
RECIPES = "timeline:\n  - recipes: "


def read(folder: Path, text: str, **environ: str) -> Scenario:
    file = folder / "My outage.yaml"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file, environ)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(folder, text)
    return [str(problem).removeprefix(f"{folder}/My outage.yaml:") for problem in raised.value.problems]


def test_every_shipped_scenario_is_right_and_called_as_its_file() -> None:
    found = shipped()
    assert len(found) >= 28
    assert all(re.fullmatch(r"[a-z0-9-]+", one.name) and one.title for one in found)
    assert len({one.name for one in found}) == len(found)


def test_the_reference_names_every_key_and_every_shipped_scenario() -> None:
    page = (DOCS / "reference" / "drills.md").read_text(encoding="utf-8")
    keys = {name for model in (Scenario, Event, Load, Expect) for name in model.model_fields}
    assert [name for name in sorted(keys) if f"`{name}`" not in page] == []
    assert [one.name for one in shipped() if f"| `{one.name}` | {one.title.rstrip('.')}" not in page] == []


def test_all_are_those_that_do_not_take_minutes() -> None:
    names = [one.name for one in find_scenarios(["all"], {})]
    assert "lasting-503" in names
    assert "chaos-10000" not in names
    assert [one.name for one in find_scenarios(["chaos-10000"], {})] == ["chaos-10000"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["lastng-503"], "lastng-503: there is no such file, and no shipped scenario of this name"),
        (["lastng-503"], "did you mean `lasting-503`?"),
        (["../two_providers"], "there is no such file"),
        ([], "name a scenario, a file, or `all`"),
    ],
)
def test_what_is_not_there_is_said(names: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        find_scenarios(names, {})


def test_a_file_needs_only_a_title(tmp_path: Path) -> None:
    scenario = read(tmp_path, "title: Nothing happens")
    assert (scenario.name, scenario.answer, scenario.timeline) == ("my-outage", Recipe(tokens=60), ())
    assert (scenario.load.calls, scenario.load.clients, scenario.load.stream) == (
        8,
        ("openai", "anthropic"),
        (True, False),
    )
    assert (scenario.expect.wrong_answers, scenario.expect.hangs, scenario.expect.cost) == (0, 0, "right")


def test_recipes_are_names_or_fields_and_numbers_are_numbers(tmp_path: Path) -> None:
    scenario = read(
        tmp_path,
        f'title: x\nname: mine\n{RECIPES}[down, {{status: 429, retry_after: "1", times: 2, silence_s: 0.5}}]\n',
    )
    assert scenario.name == "mine"
    assert scenario.timeline[0].recipes == (
        SHIPPED["down"],
        Recipe(status=429, retry_after="1", times=2, silence_s=0.5),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "1:1: title: this key is needed"),
        ("title: x\nlaod: {}", "2:1: laod: unknown key `laod` (did you mean `load`?)"),
        ("title: x\nload: {cals: 3}", "2:8: load.cals: unknown key `cals` (did you mean `calls`?)"),
        ("title: x\nload: {calls: many}", "2:15: load.calls: should be a whole number"),
        ("title: x\nload: {clients: [opnai]}", "2:18: load.clients[0]: should be one of openai, anthropic (did you"),
        ("title: x\nexpect: {success_share: 2}", "2:25: expect.success_share: should be at most 1.0"),
        (f"title: x\n{RECIPES}[dwn]", "3:15: timeline[0].recipes[0]: no recipe has this name"),
        (f"title: x\n{RECIPES}[dwn]", "(did you mean `down`?)"),
        (f"title: x\n{RECIPES}[{{statsu: 500}}]", "3:15: timeline[0].recipes[0]: this is no recipe: Object"),
        (f"title: x\n{RECIPES}[{{statsu: 500}}]", "(did you mean `status`?)"),
        (f"title: x\n{RECIPES}[{{status: 99}}]", "this is no recipe: Expected `int` >= 200"),
        ("title: x\ntimeline:\n  - {at_s: 3}", "3:5: timeline[0]: an event has `recipes`, `down: true` or `up: true`"),
        ("title: x\ntimeline:\n  - {down: true, up: true}", "an event has `recipes`, `down: true` or `up: true`"),
        ("title: x\ntimeline:\n  - {down: true, share: 0.5}", "`share` and `key` go with `recipes`"),
        ("title: x\nload: {rate_per_s: 3, concurrency: 2}", "2:7: load: write `rate_per_s` or `concurrency`, not both"),
        ("title: x\nname: Not A Name", "2:7: name: should match the pattern"),
        ("title: [x", "not readable as YAML"),
        ("title: x\ntitle: y", "2:1: title: the key `title` was already given in line 1"),
        ("title: x\nconfig:\n  models:\n    m: {provider: a, model: m}", "4:19: models.m.provider: no provider is"),
        ("title: x\nconfig:\n  serevr: {}", "3:3: config.serevr: unknown key `serevr` (did you mean `server`?)"),
        ("title: x\nconfig: none.yaml", "none.yaml: cannot be read"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_was_meant(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in "\n".join(problems(tmp_path, text))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "titel: x\nload: {calls: 0}\nexpect: {cost: cheap}")) == 4


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_is_no_text_is_said(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.yaml: (is not UTF-8 text|cannot be read)"):
        read_scenario(file, {})


CONFIG = """
providers: {lab: {dialect: openai, base_url: "https://lab.example/v1", api_key: "${LAB_KEY}"}}
models: {fast: {provider: lab, model: m}}
"""


def test_a_config_may_stand_in_the_scenario_or_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(CONFIG, encoding="utf-8")
    indented = CONFIG.replace("\n", "\n  ")
    for text in ("title: x\nconfig: gateway.yaml", f"title: x\nconfig:{indented}"):
        config: Any = read(tmp_path, text).config
        assert config.models["fast"].provider == "lab"


def test_keys_that_are_not_at_hand_do_not_matter(tmp_path: Path) -> None:
    config: Any = read(tmp_path, f"title: x\nconfig:{CONFIG.replace(chr(10), chr(10) + '  ')}", OTHER="1").config
    assert config.providers["lab"].keys == ("drill",)
