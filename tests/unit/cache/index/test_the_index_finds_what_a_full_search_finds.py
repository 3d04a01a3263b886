"""The index against a plain model of it: whatever is done, a search finds what a search of everything finds."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from headworks.cache.index.cells import LOOKED_AT, Cells, centres
from headworks.cache.index.memory import PARTITION_BYTES, RECORD_BYTES, Item, VectorIndex
from headworks.cache.index.partition import Partition
from headworks.cache.index.rows import BLOCK_ROWS, Floats, Record, Rows
from headworks.testing import FakeClock

DIMS = 6


def unit(*numbers: float) -> Floats:
    vector = np.array(numbers, np.float32)
    found: Floats = vector / np.linalg.norm(vector)
    return found


def some(count: int, seed: int = 0, dims: int = DIMS) -> Floats:
    rows = np.random.default_rng(seed).standard_normal((count, dims)).astype(np.float32)
    found: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


POOL = some(40)
vectors = st.integers(0, len(POOL) - 1).map(lambda at: POOL[at])
keys = st.integers(0, 15).map(key)
partitions = st.integers(0, 2).map(key)


class IndexMachine(RuleBasedStateMachine):
    @initialize(flat_rows=st.sampled_from([2, 5, 1000]))
    def begin(self, flat_rows: int) -> None:
        self.clock = FakeClock()
        self.index = VectorIndex(DIMS, self.clock, 1 << 30, flat_rows=flat_rows)
        self.model: dict[bytes, Item] = {}

    @rule(partition=partitions, name=keys, vector=vectors, ttl_s=st.integers(-1, 5), payload=st.binary(max_size=5))
    def add(self, partition: bytes, name: bytes, vector: Floats, ttl_s: int, payload: bytes) -> None:
        item = Item(partition, name, vector, self.clock.now() + ttl_s, payload)
        self.index.add(item)
        self.model[name] = item

    @rule(name=keys)
    def remove(self, name: bytes) -> None:
        assert self.index.remove(name) or name not in self.alive()
        self.model.pop(name, None)

    @rule(name=keys, payload=st.binary(max_size=5))
    def note(self, name: bytes, payload: bytes) -> None:
        if self.index.note(name, payload):
            old = self.model[name]
            self.model[name] = Item(old.partition, name, old.vector, old.expires_s, payload)
        else:
            assert name not in self.alive()

    @rule(first=st.integers(0, 255))
    def forget(self, first: int) -> None:
        self.index.forget(lambda name, payload: payload[:1] == bytes([first]))
        self.model = {name: item for name, item in self.model.items() if item.payload[:1] != bytes([first])}

    @rule(seconds=st.integers(1, 3))
    def pass_time(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        self.index.sweep(100)
        assert len(self.index) == len(self.alive())

    @rule()
    def divide(self) -> None:
        partition = self.index.crowded()
        if partition is not None:
            self.index.divide(partition, centres(self.index.views(partition)))

    @rule(partition=partitions, most=st.integers(1, 10))
    def move(self, partition: bytes, most: int) -> None:
        self.index.move(partition, most)

    @rule(partition=partitions, vector=vectors, k=st.integers(1, 12))
    def search(self, partition: bytes, vector: Floats, k: int) -> None:
        there = {name: item for name, item in self.alive().items() if item.partition == partition}
        best = sorted((float(item.vector @ vector) for item in there.values()), reverse=True)[:k]
        found = self.index.search(partition, vector, k)
        assert [cosine for _, cosine, _ in found] == pytest.approx(best, abs=1e-5)
        for name, cosine, payload in found:
            assert there[name].payload == payload
            assert float(there[name].vector @ vector) == pytest.approx(cosine, abs=1e-5)
        assert len({name for name, _, _ in found}) == len(found)

    @invariant()
    def bytes_add_up(self) -> None:
        if not hasattr(self, "index"):
            return
        inside = self.index._partitions.values()
        kept = sum(RECORD_BYTES + len(record.payload) for record in self.index._records.values())
        assert self.index.bytes == kept + sum(PARTITION_BYTES + partition.bytes for partition in inside)
        assert sum(map(len, inside)) == len(self.index)

    def alive(self) -> dict[bytes, Item]:
        now_s = self.clock.now()
        return {name: item for name, item in self.model.items() if item.expires_s > now_s}


TestIndex = IndexMachine.TestCase
TestIndex.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_rows_keep_their_vectors_over_blocks_and_removals() -> None:
    pool = some(3 * BLOCK_ROWS + 5)
    rows = Rows(DIMS)
    records = [Record(key(at), key(0), b"", 1.0) for at in range(len(pool))]
    for record, vector in zip(records, pool, strict=True):
        rows.add(record, vector)
    held = dict(enumerate(records))
    order = np.random.default_rng(1).permutation(len(pool)).tolist()
    for count, at in enumerate(order):
        if count % 97 == 0:
            scores = rows.scores(pool[0])
            assert len(scores) == len(rows) == len(held)
            for number, record in held.items():
                assert np.array_equal(rows.vector(record), pool[number])
                assert scores[record.at] == pytest.approx(float(pool[number] @ pool[0]), abs=1e-5)
        rows.remove(held.pop(at))
    assert (rows.bytes, len(rows)) == (0, 0)
    assert len(rows.scores(pool[0])) == 0


def test_little_room_is_kept_free() -> None:
    rows = Rows(DIMS)
    records = [Record(key(at), key(0), b"", 1.0) for at in range(400)]
    for at, record in enumerate(records):
        rows.add(record, POOL[0])
        assert rows.bytes <= (at + 1) * DIMS * 4 * 1.25 + DIMS * 4
    for at, record in enumerate(records[:-1]):
        rows.remove(record)
        assert rows.bytes <= (2 * (399 - at) + 2) * DIMS * 4


def test_in_a_crowded_partition_near_ones_are_found_in_the_nearest_cells() -> None:
    dims, count = 32, 20_000
    rng = np.random.default_rng(3)
    topics = some(500, 1, dims)
    pool = topics[rng.integers(0, 500, count)] + 0.12 * rng.standard_normal((count, dims)).astype(np.float32)
    pool /= np.linalg.norm(pool, axis=1, keepdims=True)
    partition = Partition(dims)
    for at, vector in enumerate(pool):
        partition.add(Record(key(at), key(0), b"", 1.0), vector)
    assert partition.crowded
    partition.divide(centres(partition.views()))
    moved = 0
    asked = pool[:200] + 0.05 * rng.standard_normal((200, dims)).astype(np.float32)
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)
    hits = 0
    while partition.moving:
        partition.move(500)
        question = asked[moved % 200]
        best = int((pool @ question).argmax())
        hits += partition.search(question, 1, 0.0)[0][0].key == key(best)
        moved += 1
    assert hits >= 0.95 * moved
    assert not partition.crowded
    assert len(partition) == count
    found = sum(
        partition.search(question, 1, 0.0)[0][0].key == key(int((pool @ question).argmax())) for question in asked
    )
    assert found >= 195


def test_a_search_does_not_look_at_everything_that_is_there() -> None:
    pool = some(20_000, 5)
    cells = Cells(centres([pool]), len(pool))
    for at, vector in enumerate(pool):
        cells.add(Record(key(at), key(0), b"", 1.0), vector)
    looked_at = sum(len(rows) for rows in cells.near(pool[0]))
    assert LOOKED_AT <= looked_at < 2 * LOOKED_AT


def test_cells_are_made_of_equal_vectors_too() -> None:
    same = np.repeat(unit(1, 2, 3, 4, 5, 6)[None], 300, axis=0)
    assert np.allclose(centres([same]), same[0], atol=1e-6)


def test_what_was_not_found_for_longest_leaves_first() -> None:
    clock = FakeClock()
    limit = 10 * (PARTITION_BYTES + RECORD_BYTES + DIMS * 4 + 3)
    index = VectorIndex(DIMS, clock, limit)

    def add(number: int) -> None:
        index.add(Item(key(number), key(number), POOL[number], clock.now() + 9, b"abc"))

    for number in range(10):
        add(number)
    assert (len(index), index.evicted) == (10, 0)
    assert index.search(key(0), POOL[0], 1)
    add(10)
    assert index.evicted == 1
    assert key(0) in index
    assert key(1) not in index
    assert index.bytes <= limit


def test_an_index_without_room_keeps_nothing() -> None:
    index = VectorIndex(DIMS, FakeClock(), 0)
    index.add(Item(key(0), key(0), POOL[0], 1e12, b""))
    assert (len(index), index.bytes, index.partitions) == (0, 0, 0)


def test_vectors_of_another_length_are_neither_kept_nor_searched() -> None:
    index = VectorIndex(DIMS, FakeClock(), 1 << 20)
    index.add(Item(key(0), key(0), unit(1, 2), 1e12, b""))
    assert len(index) == 0
    index.add(Item(key(0), key(0), POOL[0], 1e12, b""))
    assert index.search(key(0), unit(1, 2), 1) == []
    assert index.search(key(0), POOL[0], 0) == []


def test_one_key_added_again_and_again_takes_no_more_memory() -> None:
    clock = FakeClock()
    index = VectorIndex(DIMS, clock, 1 << 20)
    for _ in range(5000):
        clock.advance(1)
        index.add(Item(key(0), key(0), POOL[0], clock.now() + 60, b""))
    assert len(index) == 1
    assert len(index._ends) < 1100
