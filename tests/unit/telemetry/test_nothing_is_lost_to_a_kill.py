"""`kill -9` in the middle of writing: every record reported safe is there after a restart, once."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("crashing_writer.py")


def run_and_kill(data_dir: Path, lines: int) -> list[tuple[str, str]]:
    """Kill the writer after it printed `lines` lines; every whole line it printed, also those after that."""
    process = subprocess.Popen([sys.executable, str(SCRIPT), str(data_dir)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait()
    return [tuple(line.split()) for line in said if line.endswith("\n")]


@pytest.mark.parametrize("lines", [1, 3_000, 12_000])
async def test_every_closed_record_survives_once(tmp_path, make_recorder, store, lines):
    said = run_and_kill(tmp_path, lines)
    recorder = make_recorder()
    await recorder.start()
    await recorder.flush()
    await recorder.stop()

    found = [(trace["trace_id"], trace["status"]) for page in store.pages() for trace in page]
    assert max(Counter(trace_id for trace_id, _ in found).values()) == 1
    status_of = dict(found)
    closed = [trace_id for word, trace_id in said if word == "closed"]
    begun = [trace_id for word, trace_id in said if word == "begun"]
    assert [trace_id for trace_id in closed if status_of.get(trace_id) != "ok"] == []
    assert [trace_id for trace_id in begun if status_of.get(trace_id) != "lost"] == []
    assert list((tmp_path / "spool").glob("*.jsonl")) == []


async def test_a_second_recovery_adds_nothing(tmp_path, make_recorder, store):
    run_and_kill(tmp_path, 500)
    counts = []
    for _ in range(2):
        recorder = make_recorder()
        await recorder.start()
        await recorder.stop()
        counts.append(sum(len(page) for page in store.pages()))
    assert counts[0] == counts[1] > 400
