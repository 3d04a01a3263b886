"""Ingest is killed with SIGKILL at some point, in a process of its own, and started again: the index is the same."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.retrieval.conftest import House

from headworks.retrieval.ingest.options import Options
from headworks.retrieval.store.reader import IndexReader
from headworks.retrieval.store.shelf import Shelf
from headworks.storage.sqlite import connect

PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from headworks.retrieval.ingest.options import Options
from tests.unit.retrieval.conftest import House, WordEmbedder

class Killed(WordEmbedder):
    async def embed(self, texts):
        self.calls = getattr(self, "calls", 0) + 1
        if self.calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return await super().embed(texts)

async def main():
    house = House(Path(sys.argv[1]))
    await house.indexer(Killed()).add("book", [sys.argv[3]], Options())

asyncio.run(main())
"""


def filled(folder: Path) -> Path:
    docs = folder / "source"
    docs.mkdir()
    for number in range(120):
        text = "\n\n".join(f"# Part {part}\n\nFile {number} says {number * part} here." for part in range(4))
        (docs / f"{number}.md").write_text(text, encoding="utf-8")
    return docs


def killed(folder: Path, docs: Path, at_call: int) -> None:
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": f"{root / 'src'}:{root}"}
    command = [sys.executable, "-c", PROGRAM, str(folder), str(at_call), str(docs)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def contents(shelf: Shelf) -> tuple[str, list[tuple[object, ...]]]:
    path = shelf.live("book")
    reader = IndexReader(path)
    connection = connect(path, read_only=True)
    rows = connection.execute(
        "SELECT d.name, c.ordinal, c.text, c.heading, v.vector FROM chunks c JOIN documents d ON d.id = c.document"
        " JOIN vectors v ON v.id = c.vector ORDER BY 1, 2"
    ).fetchall()
    assert connection.pragma("integrity_check") == "ok"
    version = reader.version()
    reader.close()
    connection.close()
    return version, rows


@pytest.mark.parametrize("at_call", [1, 3, 9])
def test_a_killed_ingest_ends_in_the_same_index(tmp_path: Path, at_call: int) -> None:
    docs = filled(tmp_path)
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()

    async def add(folder: Path) -> tuple[Shelf, int]:
        house = House(folder)
        try:
            await house.indexer().add("book", [str(docs)], Options())
            return house.shelf, len(house.embedder.texts)
        finally:
            house.index.close()

    killed(tmp_path / "broken", docs, at_call)
    whole, all_texts = asyncio.run(add(tmp_path / "whole"))
    broken, rest = asyncio.run(add(tmp_path / "broken"))
    assert contents(broken) == contents(whole)
    assert rest == all_texts - 32 * (at_call - 1)
