"""The commands `headworks routing train`, `evaluate` and `tag`, on small files."""

import json
from pathlib import Path
from typing import Any

import pytest

from headworks.cli.routing.evaluate import evaluate
from headworks.cli.routing.tag import tag_text
from headworks.cli.routing.train import train
from headworks.core.errors import BadAskError
from headworks.routing.types import built_in


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    fruits, tools = ["apple", "pear", "plum", "fig", "lemon"], ["hammer", "saw", "drill", "rasp", "plane"]
    rows = [
        {"text": f"buy {n} kilos of {one} for the {n}th market day", "type": "food"} for n in range(9) for one in fruits
    ]
    rows += [
        {"text": f"sharpen a {one} number {n} in the workshop", "type": "tools"} for n in range(9) for one in tools
    ]
    return lines(tmp_path / "examples.jsonl", rows)


def outcomes(path: Path, *, known: bool, count: int = 300) -> Path:
    rows = []
    for n in range(count):
        hard = n % 2 if known else n * 7919 % 13 > 6
        text = f"{'prove the long lemma' if n % 2 else 'name the old capital'} {n}"
        rows.append({"text": text, "good": {"cheap": int(not hard), "strong": 1}})
    return lines(path, rows)


def test_types_are_learned_into_a_file_that_the_gateway_reads(
    examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(out=tmp_path / "w", examples=(examples,), json=True) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["types"] == ["food", "tools"]
    found = built_in(print, tmp_path / "w")
    assert found is not None
    assert found.guess_now("sharpen the saw").shares["tools"] > 0.6
    assert train(out=tmp_path / "w", examples=(examples,)) == 0
    assert "learned from" in capsys.readouterr().out


def test_labelled_traces_are_learned_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def body(text: str) -> dict[str, Any]:
        said = [{"role": "user", "content": [{"type": "text", "text": text}]}, {"role": "assistant", "content": "..."}]
        return {"model": "fast", "messages": said}

    rows = [{"trace_id": "t", "request": body(f"peel {n} pears"), "tags": {"type": "food"}} for n in range(20)]
    rows += [{"trace_id": "t", "request": {"prompt": f"mend saw {n}"}, "type": "tools"} for n in range(20)]
    rows += [{"trace_id": "t", "request": None, "type": "tools"}, {"trace_id": "t", "request": body("no label")}]
    assert train(out=tmp_path / "w", from_traces=(lines(tmp_path / "traces", rows),), json=True) == 0
    assert json.loads(capsys.readouterr().out)["types"] == ["food", "tools"]
    with pytest.raises(BadAskError, match="traces:1"):
        train(out=tmp_path / "w", from_traces=(lines(tmp_path / "traces", [{"tags": 3}]),))
    with pytest.raises(BadAskError, match="cannot be read"):
        train(out=tmp_path / "w", from_traces=(tmp_path / "none",))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no examples"),
        ([{"text": f"text {n}", "type": "one"} for n in range(20)], "It takes two types"),
        ([{"text": f"text {n}", "type": "one" if n else "two"} for n in range(20)], "has 1 examples"),
        ([{"text": "", "type": "one"}], "may not be empty"),
        ([{"text": "a"}], "missing"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(rows: list[dict[str, Any]], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadAskError, match=said):
        train(out=tmp_path / "w", examples=(lines(tmp_path / "e", rows),))


def test_test_rows_that_leak_into_training_are_refused(examples: Path, tmp_path: Path) -> None:
    first = json.loads(examples.read_text().splitlines()[0])
    test = lines(
        tmp_path / "test", [{**first, "text": first["text"].upper() + "!"}, {"text": "quite new", "type": "food"}]
    )
    with pytest.raises(BadAskError, match="1 of 2 test rows leak"):
        train(out=tmp_path / "w", examples=(examples,), test=test)
    assert not (tmp_path / "w").exists()


def test_a_test_file_of_its_own_is_measured_on(
    examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = lines(
        tmp_path / "test", [{"text": "a lemon pie", "type": "food"}, {"text": "mend the drill", "type": "tools"}]
    )
    train(out=tmp_path / "w", examples=(examples,), test=test, json=True)
    assert json.loads(capsys.readouterr().out)["measured"]["count"] == 2


def test_either_types_or_quality_are_learned(examples: Path, tmp_path: Path) -> None:
    for given in ({}, {"examples": (examples,), "outcomes": examples}):
        with pytest.raises(BadAskError, match="either"):
            train(out=tmp_path / "w", **given)  # type: ignore[arg-type]
    with pytest.raises(BadAskError, match="cannot be written"):
        train(out=tmp_path / "no" / "w", examples=(examples,))
    with pytest.raises(BadAskError, match="cannot be read"):
        train(out=tmp_path / "w", examples=(tmp_path / "none",))


def test_a_router_that_is_better_than_chance_may_go_live(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(out=tmp_path / "q", outcomes=outcomes(tmp_path / "o", known=True))
    assert evaluate(outcomes(tmp_path / "t", known=True, count=200), quality=tmp_path / "q", out=tmp_path / "c") == 0
    assert "It may go live" in capsys.readouterr().out
    assert (tmp_path / "c.csv").read_text().startswith("router,strong_share,recovered_gap,quality\n")
    assert (tmp_path / "c.svg").read_text().startswith("<svg ")


def test_a_router_that_is_no_better_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(out=tmp_path / "q", outcomes=outcomes(tmp_path / "o", known=False))
    capsys.readouterr()
    data = outcomes(tmp_path / "t", known=False, count=200)
    assert evaluate(data, quality=tmp_path / "q", json=True, models=("cheap", "strong")) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["live"]
    assert "ahead of" in report["why"]
    with pytest.raises(BadAskError, match="`other` is not in"):
        evaluate(data, quality=tmp_path / "q", models=("cheap", "other"))
    with pytest.raises(BadAskError, match="no gap"):
        evaluate(data, quality=tmp_path / "q", models=("strong", "cheap"))
    with pytest.raises(BadAskError, match="cannot be read"):
        evaluate(data, quality=tmp_path / "none")


def test_outcomes_that_are_too_few_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadAskError, match="100 and more"):
        train(out=tmp_path / "q", outcomes=outcomes(tmp_path / "o", known=True, count=20))


def test_a_text_is_tagged(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tag_text("Write a Python function that reverses a list.") == 0
    assert capsys.readouterr().out.startswith("code (")
    assert tag_text("hi", json=True, weights=tmp_path / "none") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["type"] == "reasoning"
    assert "rules alone" in captured.err
    with pytest.raises(BadAskError, match="share"):
        tag_text("hi", abstain_below=2)
