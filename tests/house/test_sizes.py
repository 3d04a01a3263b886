"""The house keeps its sizes: small files, small faces, small folders, one short pipeline."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "headworks").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
FILE_LINES, TEST_LINES, FACE_LINES, PIPELINE_LINES, FUNCTION_LINES, FOLDER_FILES = 400, 600, 40, 150, 60, 14


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_source_file_is_too_long() -> None:
    assert {str(p): lines(p) for p in SOURCES if lines(p) > FILE_LINES} == {}


def test_no_test_file_is_too_long() -> None:
    assert {str(p): lines(p) for p in TESTS if lines(p) > TEST_LINES} == {}


def test_no_face_is_too_long() -> None:
    faces = [p for p in SOURCES if p.name == "__init__.py"]
    assert {str(p): lines(p) for p in faces if lines(p) > FACE_LINES} == {}


def test_the_pipeline_is_one_page() -> None:
    assert lines(ROOT / "src" / "headworks" / "pipeline.py") <= PIPELINE_LINES


def test_no_function_is_too_long() -> None:
    long: dict[str, int] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    long[f"{path}:{node.name}"] = length
    assert long == {}


def test_no_folder_is_crowded() -> None:
    folders = {p.parent for p in SOURCES}
    assert {str(f): len(list(f.glob("*.py"))) for f in folders if len(list(f.glob("*.py"))) > FOLDER_FILES} == {}
