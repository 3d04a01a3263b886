"""Real workers on one data directory: a purge in one holds in all, also while they write, and when one is killed."""

import json
from pathlib import Path

from tests.unit.cache.local.conftest import child, entry, raw

from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.where import Where
from headworks.core.clock import SystemClock

WORKER = """
import asyncio, json, sys, time
from pathlib import Path
from headworks.cache.entries import Entry, Facets
from headworks.cache.local import LocalSettings, LocalStore
from headworks.cache.where import Where
from headworks.core.clock import SystemClock
from headworks.core.replies import Finished, TextDelta

def entry(number, user):
    now_s = time.time()
    return Entry(key=number.to_bytes(32, "big"), facets=Facets(user=user), created_s=now_s, expires_s=now_s + 600,
        model="m", provider="p", provider_model="pm", events=[TextDelta(f"words for {user} " * 20), Finished("stop")])

async def main():
    store = LocalStore(Path(sys.argv[1]), LocalSettings(), SystemClock(), worker=sys.argv[2])
    await store.start()
    loop, mark = asyncio.get_running_loop(), 0
    print("ready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        verb, *words = line.split()
        if verb == "get":
            answer = [store.get(int(word).to_bytes(32, "big")) is not None for word in words]
        elif verb == "mark":
            answer = mark = store.mark()
        elif verb == "put":
            answer = store.put(entry(int(words[0]), words[1]), mark)
        elif verb == "flush":
            answer = await store.flush()
        elif verb == "purge":
            purged = await store.purge(Where(user=words[0]))
            answer = [purged.memory, purged.disk, purged.erased]
        elif verb == "storm":
            for round in range(int(words[0])):
                for number in range(int(words[1]), int(words[1]) + 50):
                    store.put(entry(number, words[2]), mark)
                    store.get((number - 25).to_bytes(32, "big"))
                await asyncio.sleep(0)
                if round % 20 == 0:
                    await store.flush()
            answer = store.usage().broken + store.usage().made_anew
        print(json.dumps(answer), flush=True)
    await store.stop()

asyncio.run(main())
"""


class Worker:
    def __init__(self, folder: Path, name: str) -> None:
        self.process = child(WORKER, str(folder), name)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.into, self.out = self.process.stdin, self.process.stdout
        assert self.out.readline() == "ready\n"

    def begin(self, *words: object) -> None:
        print(*words, file=self.into, flush=True)

    def end(self) -> object:
        return json.loads(self.out.readline())

    def ask(self, *words: object) -> object:
        self.begin(*words)
        return self.end()

    def leave(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_purge_in_one_worker_holds_in_every_other_at_once(tmp_path: Path) -> None:
    one, two, three = (Worker(tmp_path, name) for name in "123")
    for number in range(4):
        one.ask("put", number, f"user{number}")
    one.ask("flush")
    for worker in (two, three):
        assert worker.ask("get", 0, 1, 2, 3) == [True] * 4
    assert one.ask("purge", "user1") == [1, 1, True]
    for worker in (one, two, three):
        assert worker.ask("get", 0, 1, 2, 3) == [True, False, True, True]
    assert two.ask("purge", "user2") == [1, 1, True]
    for worker in (one, two, three):
        assert worker.ask("get", 0, 1, 2, 3) == [True, False, False, True]
        worker.leave()
    assert b"user0" in raw(tmp_path)
    assert b"user1" not in raw(tmp_path)
    assert b"user2" not in raw(tmp_path)


def test_an_answer_under_way_in_another_worker_does_not_come_back(tmp_path: Path) -> None:
    one, two = Worker(tmp_path, "1"), Worker(tmp_path, "2")
    two.ask("mark")
    one.ask("purge", "ann")
    two.ask("put", 1, "ann")
    two.ask("put", 2, "bob")
    two.ask("flush")
    for worker in (one, two):
        assert worker.ask("get", 1, 2) == [False, True]
        worker.leave()


def test_purges_while_all_write_leave_nothing_behind(tmp_path: Path) -> None:
    """The writers' questions were all asked before the purge: whatever they still write of that user must not stay."""
    workers = [Worker(tmp_path, str(number)) for number in range(3)]
    for number, worker in enumerate(workers):
        worker.ask("mark")
        worker.begin("storm", 60, 1000 * (number + 1), "ann")
    purger = Worker(tmp_path, "purger")
    for _ in range(5):
        purger.ask("purge", "ann")
        assert purger.ask("get", *range(1000, 1050), *range(2000, 2050)) == [False] * 100
    assert [worker.end() for worker in workers] == [0, 0, 0]
    for worker in workers:
        worker.ask("flush")
        assert worker.ask("get", *range(1000, 1050), *range(2000, 2050), *range(3000, 3050)) == [False] * 150
    assert purger.ask("purge", "ann") == [0, 0, True]
    assert b"words for ann" not in raw(tmp_path)
    for worker in (*workers, purger):
        worker.leave()


async def test_a_worker_that_is_killed_while_it_writes_harms_nobody(tmp_path: Path) -> None:
    bystander = Worker(tmp_path, "bystander")
    for turn in range(6):
        victim = Worker(tmp_path, "victim")
        victim.begin("storm", 100_000, 1000 * turn, f"user{turn}")
        for number in range(60):
            bystander.ask("put", 10_000 + number, "bob")
        bystander.ask("flush")
        victim.kill()
        assert bystander.ask("get", *range(10_000, 10_060)) == [True] * 60
    bystander.leave()
    store = LocalStore(tmp_path, LocalSettings(), SystemClock())
    await store.start()
    assert (await store.count(Where(user="bob")))["disk"] == 60
    for number in range(10_000, 10_060):
        assert store.get(entry(number).key) is not None
    assert (store.usage().broken, store.usage().made_anew) == (0, 0)
    await store.stop()


def test_a_purger_that_is_killed_leaves_a_file_that_can_be_purged(tmp_path: Path) -> None:
    bystander = Worker(tmp_path, "bystander")
    for number in range(200):
        bystander.ask("put", number, "ann")
    bystander.ask("flush")
    for _ in range(4):
        victim = Worker(tmp_path, "victim")
        victim.begin("purge", "ann")
        victim.kill()
    bystander.ask("purge", "ann")
    assert bystander.ask("get", *range(200)) == [False] * 200
    assert b"words for ann" not in raw(tmp_path)
    bystander.leave()
