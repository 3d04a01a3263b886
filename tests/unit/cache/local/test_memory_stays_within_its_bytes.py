"""The memory tier: least recently used leaves first, never more bytes than allowed, and the bytes are honest."""

import gc
import tracemalloc
from collections import OrderedDict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from headworks.cache.entries import Facets
from headworks.cache.local import Memory
from headworks.cache.local.held import Held
from headworks.cache.local.memory import size_of
from headworks.cache.where import Where
from headworks.testing import FakeClock

LIMIT = 20_000
KEYS = st.integers(0, 40).map(lambda number: number.to_bytes(32, "big"))
USERS = st.sampled_from(["", "ann", "bob"])


class AnyOrder(RuleBasedStateMachine):
    """Whatever is done, the tier is as a plain list of what was used, cut to size."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.memory = Memory(LIMIT, self.clock)
        self.model: OrderedDict[bytes, Held] = OrderedDict()

    @rule(key=KEYS, size=st.sampled_from([0, 100, 1000, 6000, 30_000]), user=USERS, ttl_s=st.integers(1, 100))
    def put(self, key: bytes, size: int, user: str, ttl_s: int) -> None:
        now_s = self.clock.now()
        entry = Held(key, bytes(size), Facets(user=user), now_s, now_s + ttl_s)
        self.memory.put(entry)
        self.model.pop(key, None)
        if size_of(entry) <= LIMIT:
            self.model[key] = entry
        while sum(map(size_of, self.model.values())) > LIMIT:
            self.model.popitem(last=False)

    @rule(key=KEYS)
    def get(self, key: bytes) -> None:
        wanted = self.model.get(key)
        if wanted is not None and self.clock.now() >= wanted.expires_s:
            del self.model[key]
            wanted = None
        if wanted is not None:
            self.model.move_to_end(key)
        assert self.memory.get(key) is wanted

    @rule(key=KEYS)
    def remove(self, key: bytes) -> None:
        assert self.memory.remove(key) == (self.model.pop(key, None) is not None)

    @rule(user=USERS)
    def purge(self, user: str) -> None:
        doomed = [key for key, entry in self.model.items() if entry.facets.user == user]
        assert self.memory.count(Where(user=user)) == len(doomed)
        assert self.memory.purge(Where(user=user)) == len(doomed)
        for key in doomed:
            del self.model[key]

    @rule(seconds=st.integers(0, 60))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        self.memory.sweep()
        for key in [key for key, entry in self.model.items() if self.clock.now() >= entry.expires_s]:
            del self.model[key]

    @invariant()
    def is_within_its_bytes(self) -> None:
        assert len(self.memory) == len(self.model)
        assert self.memory.bytes == sum(map(size_of, self.model.values())) <= LIMIT


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def grown(count: int, **shape: int) -> tuple[int, int]:
    """Bytes that the interpreter took for `count` entries, and what the tier says."""
    memory = Memory(1 << 40, FakeClock())
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(count):
            facets = Facets(
                user=f"user-{number:040d}" if shape.get("user") else "",
                prompt=f"grüße-{number:04d}@1" if shape.get("wide") else "",
                tags={f"tag-{n}-{number}": f"value-{n}-{number}" for n in range(shape.get("tags", 0))},
            )
            data = number.to_bytes(8, "big") * (shape.get("size", 800) // 8)
            memory.put(Held(number.to_bytes(32, "big"), data, facets, 1e9 + number, 2e9 + number))
        return tracemalloc.get_traced_memory()[0] - before, memory.bytes
    finally:
        tracemalloc.stop()


def test_what_is_counted_is_at_least_what_python_takes() -> None:
    for shape in ({}, {"size": 0}, {"user": 1}, {"user": 1, "wide": 1, "tags": 3}, {"tags": 12}, {"size": 40_000}):
        taken, counted = grown(500, **shape)
        assert taken <= counted <= 2.5 * taken, shape


def test_a_tier_of_no_bytes_keeps_nothing() -> None:
    memory = Memory(0, FakeClock())
    memory.put(Held(bytes(32), b"", Facets(), 0.0, 1e12))
    assert (len(memory), memory.bytes, memory.evicted) == (0, 0, 0)
