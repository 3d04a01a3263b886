"""`headworks index`: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest

from headworks.cli.access.place import Place
from headworks.cli.index.adding import How, Said, add, rebuild
from headworks.cli.index.looking import evaluate, list_indexes, remove, search, show
from headworks.core.errors import BadAskError

WORDS = How(lexical=True)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "headworks.yaml").write_text(f"data_dir: {tmp_path / 'data'}\n", encoding="utf-8")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("# Leave\n\nFive days go over.\n", encoding="utf-8")
    return Place(config=tmp_path / "headworks.yaml")


def test_what_was_added_is_listed_shown_found_and_removed(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = str(tmp_path / "docs")
    assert add("book", docs, said=Said(label=("hr",), metadata=("lang=en",)), how=WORDS, place=place) == 0
    assert capsys.readouterr().out.startswith("1 files added, 0 changed, 0 removed, 0 as before; 1 pieces written")
    assert list_indexes(place=place) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:4] == ["book", "1", "1", "1"]
    assert show("book", place=place) == 0
    assert f"Added: {docs}" in capsys.readouterr().out
    assert search("book", "days", label=("hr",), filter=("lang=en",), place=place) == 0
    assert "Five days go over." in capsys.readouterr().out
    assert search("book", "days", place=place) == 0
    assert capsys.readouterr().out == "Nothing was found.\n"
    assert remove("book", docs, place=place) == 0
    assert remove("book", yes=True, place=place) == 0
    assert capsys.readouterr().out == "1 files are gone from index book.\nIndex book is gone, with 0 files.\n"


def test_one_bad_file_is_reported_and_the_exit_code_says_so(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs" / "bad\x1b.pdf").write_bytes(b"no pdf")
    assert add("book", str(tmp_path / "docs"), how=WORDS, place=place) == 1
    out = capsys.readouterr().out
    assert "1 files added" in out
    assert "bad?.pdf: It is a broken PDF." in out


def test_programs_get_json(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    as_json = Place(config=place.config, json=True)
    add("book", str(tmp_path / "docs"), how=WORDS, place=as_json)
    rebuild("book", how=WORDS, place=as_json)
    search("book", "days", place=as_json)
    reports = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [report.get("added") for report in reports[:2]] == [1, 1]
    assert reports[2]["data"][0]["heading"] == ["Leave"]


def test_searches_are_measured(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add("book", str(tmp_path / "docs"), how=WORDS, place=place)
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"text": "which days", "relevant": ["leave.md"]}\n', encoding="utf-8")
    capsys.readouterr()
    assert evaluate("book", questions, place=place) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["lexical", *["1.000"] * 5]
    for bad in ("", "{}", '{"text": "x", "relevant": []}', "x"):
        questions.write_text(bad, encoding="utf-8")
        with pytest.raises(BadAskError):
            evaluate("book", questions, place=place)


def test_wrong_arguments_are_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(BadAskError, match="what to take in"):
        add("book", place=place)
    with pytest.raises(BadAskError, match="name=value"):
        add("book", "docs", said=Said(metadata=("x",)), how=WORDS, place=place)
    with pytest.raises(BadAskError, match="letters, digits"):
        add("../book", "docs", how=WORDS, place=place)
    with pytest.raises(BadAskError, match="--chunk-chars"):
        add("book", "docs", how=How(chunk_chars=1), place=place)
    with pytest.raises(BadAskError, match="--yes"):
        remove("book", place=place)
    with pytest.raises(BadAskError, match="--top-k"):
        search("book", "x", top_k=0, place=place)
