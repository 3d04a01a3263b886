"""What the docs name exists, and what exists is named."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import headworks.core.errors as errors
from headworks.config.loader import load
from headworks.core.errors import HeadworksError
from headworks.dialects import anthropic, openai
from headworks.dialects.errors import account_failure, provider_failure
from headworks.pipeline import Rooms

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "headworks"
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
TREE = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, HeadworksError)
}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_readme_fits_on_a_page_and_names_the_two_commands() -> None:
    readme = text(ROOT / "README.md")
    assert len(readme.splitlines()) <= 150
    assert blocks(readme, "sh")[0].split("#")[0].strip() == "make run"
    assert "make test" in readme


def test_the_config_of_the_readme_is_right(tmp_path: Path) -> None:
    file = tmp_path / "headworks.yaml"
    file.write_text(blocks(text(ROOT / "README.md"), "yaml")[0], encoding="utf-8")
    config = load(file, {"OPENAI_API_KEY": "one", "ANTHROPIC_API_KEY": "two"})
    assert set(config.providers) == {"openai", "anthropic", "lab"}


def test_examples_are_python_and_json() -> None:
    for page in PAGES:
        for example in blocks(text(page), "python"):
            compile(example, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for example in blocks(text(page), "json"):
            json.loads(example)


def test_every_relative_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text(page))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_index_names_every_page() -> None:
    index = text(DOCS / "README.md")
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def definitions(path: Path) -> set[str]:
    """Functions and classes of a file; methods as `Class.method`."""
    found: set[str] = set()
    for node in ast.parse(text(path)).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{part.name}" for part in inner}
    return found


def places(page: str) -> list[tuple[str, str]]:
    """The (file, name) pairs of a page, written as `headworks/a/b.py` `Class.name()`."""
    return re.findall(r"`headworks/([\w/]+\.py)`\s+`([\w.]+)(?:\(\))?`", page)


def test_the_life_of_a_request_names_files_and_functions_that_exist() -> None:
    page = text(DOCS / "life-of-a-request.md")
    named = places(page)
    assert len(named) == page.count("`headworks/") >= 30
    assert [f"{file}: {name}" for file, name in named if name not in definitions(SOURCE / file)] == []


def test_the_life_of_a_request_meets_the_rooms_in_the_order_of_the_pipeline() -> None:
    headings = re.findall(r"^## (\d+)\. (\w+):", text(DOCS / "life-of-a-request.md"), re.MULTILINE)
    assert [int(number) for number, _ in headings] == list(range(1, len(headings) + 1))
    met = list(dict.fromkeys(room.lower() for _, room in headings))
    assert [room for room in met if room in Rooms.__struct_fields__] == list(Rooms.__struct_fields__)
    assert [room for room in met if not (SOURCE / room).is_dir() and not (SOURCE / f"{room}.py").is_file()] == []


def test_the_architecture_names_every_floor_in_order() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    named = [[room.strip() for room in layer.split("|")] for layer in layers if layer != "__main__"]
    floors = [[room for room in floor if not room.startswith("(")] for floor in named]  # (room): being built
    listed = re.findall(r"^\d+\. (.+?):", text(ROOT / "ARCHITECTURE.md"), re.MULTILINE)
    assert [re.findall(r"`(\w+)`", line) for line in listed] == floors
    rooms = {path.stem for path in SOURCE.iterdir() if not path.stem.startswith("__")}
    assert rooms - {room.strip("()") for floor in named for room in floor} == set()
    assert {room for floor in floors for room in floor} - rooms == set()


def constants(value: ast.expr | None) -> list[Any]:
    """The constants that an argument may be; nothing for what is known only at run time."""
    if isinstance(value, ast.IfExp):
        return constants(value.body) + constants(value.orelse)
    return [value.value] if isinstance(value, ast.Constant) else []


def raised() -> Iterator[HeadworksError]:
    """Every error that the source names by class and code, and what the error answers of providers become."""
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] in {"cli", "testing"}:
            continue  # commands answer nobody over HTTP, and the fake provider speaks providers' words
        for node in ast.walk(ast.parse(text(path))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TREE:
                given = {word.arg: word.value for word in node.keywords}
                status = (constants(given.get("status")) or [None])[0]
                codes = constants(given["code"]) if "code" in given else [None]
                yield from (TREE[node.func.id]("", code=code, status=status) for code in codes)
    for answered in range(400, 600):
        yield provider_failure(answered, "")
        yield account_failure(answered, "")


def documented() -> dict[str, tuple[str, str]]:
    """For each code of the errors page, the cells of its statuses: OpenAI's and Anthropic's."""
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d, ]+) \| ([\d, ]+|yes|no) \|", text(DOCS / "reference/errors.md"), re.MULTILINE
    )
    return {code: (ours, theirs if theirs[0].isdigit() else ours) for code, ours, theirs in rows}


def test_every_error_is_documented_with_its_status_in_both_dialects() -> None:
    rows = documented()
    missing = {
        f"{error.code}: {openai.error_status(error)}, {anthropic.error_status(error)}"
        for error in raised()
        if str(openai.error_status(error)) not in rows.get(error.code, ("", ""))[0]
        or str(anthropic.error_status(error)) not in rows.get(error.code, ("", ""))[1]
    }
    assert missing == set()


def test_every_documented_error_exists() -> None:
    words = {
        node.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.Constant)
    }
    assert set(documented()) - words == set()


def test_the_error_classes_are_documented() -> None:
    page = text(DOCS / "reference" / "errors.md")
    assert [name for name in TREE if f"| `{name}` |" not in page] == []


def test_headers_are_documented_and_documented_headers_exist() -> None:
    page = text(DOCS / "reference" / "headers.md")
    server = "".join(text(path) for path in (SOURCE / "server").rglob("*.py"))
    said = re.compile(r"\b(?:x-[a-z-]+[a-z]|retry-after(?:-ms)?|request-id|www-authenticate)\b")
    foreign = {"x-api-key", "x-headworks"}  # the dialect's own; the family, as comments call it
    assert set(said.findall(server)) - foreign == set(said.findall(page)) - foreign
