"""What the docs name exists, and what exists is named."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "headworks"
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_readme_fits_on_a_page_and_names_the_two_commands() -> None:
    readme = text(ROOT / "README.md")
    assert len(readme.splitlines()) <= 150
    assert "make run" in readme
    assert "make test" in readme


def test_every_relative_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text(page))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_life_of_a_request_names_files_and_functions_that_exist() -> None:
    page = text(ROOT / "docs" / "life-of-a-request.md")
    named = re.findall(r"`headworks/([\w/]+\.py)`(?:,\s+`(\w+)`)?", page)
    assert len(named) >= 13
    for path, name in named:
        assert re.search(rf"^\s*(async )?(def|class) {name}\b", text(SOURCE / path), re.MULTILINE), f"{path}: {name}"


def test_the_architecture_names_every_floor_in_order() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = [[room.strip() for room in layer.split("|")] for layer in layers if layer != "__main__"]
    listed = re.findall(r"^\d+\. (.+?):", text(ROOT / "ARCHITECTURE.md"), re.MULTILINE)
    assert [re.findall(r"`(\w+)`", line) for line in listed] == floors
    rooms = {path.stem for path in SOURCE.iterdir() if not path.stem.startswith("__")}
    assert rooms == {room for floor in floors for room in floor}


def test_every_error_code_is_documented() -> None:
    page = text(ROOT / "docs" / "reference" / "errors.md")
    codes = {code for path in SOURCE.rglob("*.py") for code in re.findall(r'\bcode="([a-z_]+)"', text(path))}
    upstream = {"content_filter", "insufficient_quota"}  # providers' words, read or played by the fake, never answered
    assert {code for code in codes - upstream if f"`{code}`" not in page} == set()


def test_every_answer_header_is_documented() -> None:
    page = text(ROOT / "docs" / "reference" / "headers.md")
    headers = {
        name for path in (SOURCE / "server").glob("*.py") for name in re.findall(r"x-headworks-[a-z-]+", text(path))
    }
    assert {name for name in headers if name not in page} == set()
