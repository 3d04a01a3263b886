"""Everything a config names is tried, and what is wrong is said with what to do."""

import pytest

from headworks.cli.doctor import examine
from headworks.config import Config, load
from headworks.testing import FakeProvider


def config(tmp_path, providers: str, data_dir: str = "data") -> Config:
    path = tmp_path / "c.yaml"
    path.write_text(f"data_dir: {data_dir}\nproviders: {providers}\n")
    return load(path, {})


@pytest.mark.parametrize(("dialect", "root"), [("openai", "/v1"), ("anthropic", "/v1"), ("gemini", "/v1beta")])
async def test_a_provider_that_answers_is_fine(tmp_path, dialect, root):
    async with FakeProvider() as fake:
        lab = f"{{lab: {{dialect: {dialect}, base_url: '{fake.base_url}{root}', api_keys: [k1, k2]}}}}"
        findings = await examine(config(tmp_path, lab))
    assert [finding.ok for finding in findings] == [True] * len(findings)
    assert [finding.subject for finding in findings[-2:]] == ["provider lab, key 1", "provider lab, key 2"]


async def test_a_provider_that_is_away_is_named_with_advice(tmp_path):
    findings = await examine(
        config(tmp_path, "{lab: {dialect: openai, base_url: 'http://127.0.0.1:1', api_key: none}}")
    )
    assert not findings[-1].ok
    assert findings[-1].subject == "provider lab"
    assert "Check `base_url`" in findings[-1].advice


@pytest.mark.parametrize(
    ("recipe", "ok", "message"),
    [
        ('{"status": 401}', False, "refuses the key (401)"),
        ('{"status": 404}', True, "lists no models (404)"),
        ('{"status": 429}', True, "rate limit"),
        ('{"status": 500}', False, "answers with an error (500)"),
    ],
)
async def test_each_refusal_of_a_provider_means_something(tmp_path, recipe, ok, message):
    async with FakeProvider() as fake:
        lab = (
            f"{{lab: {{dialect: openai, base_url: '{fake.base_url}/v1', api_key: k, "
            f"headers: {{x-fake-recipe: '{recipe}'}}}}}}"
        )
        finding = (await examine(config(tmp_path, lab)))[-1]
    assert finding.ok is ok
    assert message in finding.message


async def test_no_provider_at_all_is_a_fault(tmp_path):
    findings = await examine(config(tmp_path, "{}"))
    assert [f.subject for f in findings if not f.ok] == ["providers"]


async def test_a_data_directory_that_is_a_file_is_a_fault(tmp_path):
    (tmp_path / "data").write_text("")
    findings = await examine(config(tmp_path, "{}"))
    assert "is not a folder one can write to" in next(f for f in findings if f.subject.startswith("data_dir")).message


async def test_a_broken_database_is_a_fault(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "headworks.sqlite").write_bytes(b"this is not a database at all" * 100)
    findings = await examine(config(tmp_path, "{}"))
    assert next(f.subject for f in findings if not f.ok) == "headworks.sqlite"


def test_doctor_prints_and_exits_by_what_it_finds(headworks, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "providers: {lab: {dialect: openai, base_url: 'http://127.0.0.1:1', api_key: none}}"
    )
    ran = headworks("doctor", "c.yaml")
    assert ran.code == 1
    assert "BAD  provider lab" in ran.out
    assert not headworks("doctor", "c.yaml", "--json").json["ok"]
    (tmp_path / "d.yaml").write_text("server: {prot: 1}")
    assert "d.yaml:1:10" in headworks("doctor", "d.yaml").out
