"""Habits that the house does not allow anywhere, whatever the linter thinks."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "headworks"
SOURCES = sorted(SOURCE.rglob("*.py"))
DIALECTS = {"openai", "anthropic", "gemini"}
VAGUE = {"utils.py", "util.py", "helpers.py", "common.py", "base.py", "manager.py", "misc.py"}
BROAD_EXCEPT_ALLOWED = {"server/edge.py", "telemetry/writer.py"}


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def test_no_vague_file_names() -> None:
    assert [relative(p) for p in SOURCES if p.name in VAGUE] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [relative(p) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []


def test_broad_excepts_stand_only_at_the_edge_and_in_the_worker_loop() -> None:
    broad = re.compile(r"except (Base)?Exception\b|except\s*:")
    found = [relative(p) for p in SOURCES if broad.search(p.read_text(encoding="utf-8"))]
    assert set(found) <= BROAD_EXCEPT_ALLOWED


def test_imports_stand_at_the_top() -> None:
    inside: list[str] = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                inside += [f"{relative(path)}:{n.lineno}" for n in inner]
    allowed = {"app.py", "extras.py", "cli/__init__.py"}
    assert [place for place in inside if place.split(":")[0] not in allowed] == []


def test_no_source_file_names_a_provider() -> None:
    rows = tomllib.loads((SOURCE / "providers" / "catalog.toml").read_text(encoding="utf-8"))
    names = [name for name in rows if name not in DIALECTS and name != "local"]
    pattern = re.compile("|".join(rf"[\"']{re.escape(name)}[\"']" for name in names))
    assert names
    assert [relative(p) for p in SOURCES if pattern.search(p.read_text(encoding="utf-8"))] == []


def test_nobody_branches_on_a_provider() -> None:
    branch = re.compile(r"provider(_name|\.name|_id)?\s*(==|!=|in)\s*[\"'({]")
    assert [relative(p) for p in SOURCES if branch.search(p.read_text(encoding="utf-8"))] == []


def test_connections_to_the_outside_are_opened_in_one_file() -> None:
    opening = re.compile(r"\b(create|open)_connection\(|^(from|import) (urllib\.request|http\.client)", re.MULTILINE)
    outward = [relative(p) for p in SOURCES if opening.search(p.read_text(encoding="utf-8"))]
    # A drill's clients reach this machine alone, and refuse any other address.
    allowed = {"providers/outbound/http.py", "cli/access/admin.py", "drills/load/connection.py"}
    assert set(outward) <= allowed
