"""Near vectors by the graph: as by looking at all, whatever is new or gone since it was made."""

import numpy as np
from tests.unit.retrieval.conftest import DIMS, House

from headworks.retrieval.near import near_in
from headworks.retrieval.store.graph import graph_path, load, renew
from headworks.retrieval.store.reader import Scope
from headworks.retrieval.store.rows import nearest

QUERY = np.random.default_rng(5).normal(size=DIMS).astype(np.float32)


def write(house: House, first: int, last: int) -> None:
    for number in range(first, last):
        words = " ".join(f"w{value}" for value in np.random.default_rng(number).integers(0, 500, 12))
        house.write(f"{number}.txt", words)


ALL = Scope()


def found(house: House, scope: Scope = ALL) -> tuple[list[int], list[int], bool]:
    """By the graph, by looking at all, and whether there is a graph."""
    house.clock.advance(2)
    with house.index.reading() as (reader, state):
        by_graph = near_in(reader, state, scope, QUERY, 10)
        by_all = [number for number, _ in nearest(state.blocks, QUERY, 10, scope.seen())]
        return by_graph, by_all, state.graph is not None


async def test_the_graph_finds_what_looking_at_all_finds(house: House) -> None:
    write(house, 0, 300)
    await house.add()
    assert renew(house.shelf.live("book"), least_rows=10)
    assert not renew(house.shelf.live("book"), least_rows=10)
    by_graph, by_all, has_graph = found(house)
    assert has_graph
    assert by_graph == by_all


async def test_what_is_new_is_found_and_what_is_gone_is_not(house: House) -> None:
    write(house, 0, 300)
    await house.add()
    renew(house.shelf.live("book"), least_rows=10)
    kept = graph_path(house.shelf.live("book")).read_bytes()
    write(house, 300, 320)
    for number in range(20):
        (house.docs / f"{number}.txt").unlink()
    await house.add()
    graph_path(house.shelf.live("book")).write_bytes(kept)  # a small index has none after each run
    by_graph, by_all, has_graph = found(house)
    assert has_graph
    assert by_graph == by_all


async def test_whoever_lacks_a_label_is_answered_exactly(house: House) -> None:
    write(house, 0, 100)
    await house.add()
    house.write("secret/a.txt", "w1 w2")
    await house.add(house.docs / "secret", labels=("hr",))
    renew(house.shelf.live("book"), least_rows=10)
    with house.index.reading() as (reader, _):
        scope = reader.scope(frozenset(), {})
    by_graph, by_all, _ = found(house, scope)
    assert scope.access is not None
    assert by_graph == by_all


async def test_a_graph_that_cannot_be_read_is_as_none(house: House) -> None:
    write(house, 0, 50)
    await house.add()
    graph_path(house.shelf.live("book")).write_bytes(b"cut short")
    assert load(house.shelf.live("book")) is None
    assert found(house)[2] is False


async def test_an_index_that_became_small_loses_its_graph(house: House) -> None:
    write(house, 0, 50)
    await house.add()
    renew(house.shelf.live("book"), least_rows=10)
    assert not renew(house.shelf.live("book"), least_rows=100)
    assert not graph_path(house.shelf.live("book")).exists()
