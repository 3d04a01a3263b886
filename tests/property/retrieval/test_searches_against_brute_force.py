"""What a search may return, and in which order, for any documents, labels and questions."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headworks.retrieval.evaluation import scored
from headworks.retrieval.fusion import fused
from headworks.retrieval.grounding import cite, pack, prompt_text
from headworks.retrieval.passages import Passage
from headworks.retrieval.reading.plain import markdown_sections
from headworks.retrieval.store.rows import Block, Seen, nearest, without
from headworks.retrieval.store.schema import ACCESS_SHIFT

_ROW = st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(0, 1000))
_TEXT = st.text(max_size=200)


def blocks(rows: list[tuple[int, int, int]], size: int) -> tuple[list[Block], Any]:
    ids = np.array([(access << ACCESS_SHIFT) | at for at, (access, _, _) in enumerate(rows)], np.int64)
    documents = np.array([document for _, document, _ in rows], np.int64)
    vectors = np.stack([np.random.default_rng(seed).normal(size=8) for _, _, seed in rows]).astype(np.float32)
    cuts = range(0, len(rows), size)
    return [Block(ids[at : at + size], documents[at : at + size], vectors[at : at + size]) for at in cuts], vectors


@given(st.lists(_ROW, min_size=1, max_size=60), st.integers(1, 20), st.integers(1, 70), st.data())
def test_the_nearest_that_may_be_seen_are_found_and_nothing_else(
    rows: list[tuple[int, int, int]], size: int, most: int, data: st.DataObject
) -> None:
    access = data.draw(st.none() | st.sets(st.integers(0, 4)))
    documents = data.draw(st.none() | st.sets(st.integers(1, 6)))
    gone = data.draw(st.sets(st.integers(0, len(rows) - 1)))
    made, vectors = blocks(rows, size)
    made = without(made, np.array([(rows[at][0] << ACCESS_SHIFT) | at for at in gone], np.int64))
    query = np.random.default_rng(1).normal(size=8).astype(np.float32)
    seen = Seen(*(None if one is None else np.array(sorted(one), np.int64) for one in (access, documents)))
    found = nearest(made, query, most, seen)
    allowed = [
        at
        for at, (label, document, _) in enumerate(rows)
        if at not in gone and (access is None or label in access) and (documents is None or document in documents)
    ]
    best = sorted((float(vectors[at] @ query) for at in allowed), reverse=True)[:most]
    assert np.allclose([score for _, score in found], best, atol=1e-5)
    assert {one & ((1 << ACCESS_SHIFT) - 1) for one, _ in found} <= set(allowed)


@given(st.lists(st.permutations(range(8)), max_size=4))
def test_what_is_first_everywhere_is_first_and_all_are_kept(rankings: list[list[int]]) -> None:
    scores = fused(*rankings)
    assert set(scores) == {one for ranking in rankings for one in ranking}
    assert list(scores.values()) == sorted(scores.values(), reverse=True)
    if rankings and len({ranking[0] for ranking in rankings}) == 1:
        assert next(iter(scores)) == rankings[0][0]


@given(st.lists(_TEXT, max_size=8), st.integers(0, 300), _TEXT)
def test_packs_fit_hold_each_once_and_every_citation_is_of_one_of_them(
    texts: list[str], budget: int, answer: str
) -> None:
    passages = [Passage(id=str(at), document=str(at), text=text, title=text) for at, text in enumerate(texts)]
    packed = pack(passages, budget, len)
    assert packed.tokens <= budget
    assert len(packed.items) + packed.alike + packed.over == len(texts)
    assert prompt_text(packed).lower().count("<document ") == len(packed.items)
    marks = "".join(f"[{item.id}]" for item in packed.items)
    cited = cite(answer + marks + "[S999]", packed)
    assert len(cited.citations) >= len(packed.items)
    assert "S999" in cited.unknown
    assert cited.uncited == ()


@given(_TEXT)
def test_no_line_of_markdown_is_lost(text: str) -> None:
    body = "\n".join(f"w{number} {line}" for number, line in enumerate(text.split("\n")))
    found = "\n".join(section.text + "\n" + "\n".join(section.heading) for section in markdown_sections(body))
    assert all(f"w{number} " in found + " " or f"w{number}" in found for number in range(text.count("\n") + 1))


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True), st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 4))
)
def test_scores_are_shares_and_a_perfect_ranking_has_all(ranking: list[str], relevant: dict[str, float]) -> None:
    relevant = relevant | {"x": 1.0}
    found = scored(ranking, relevant)
    assert all(-1e-9 <= getattr(found, name) <= 1 + 1e-9 for name in found.__struct_fields__)
    ideal = scored(sorted(relevant, key=lambda one: -relevant[one]), relevant)
    assert abs(ideal.ndcg_10 - 1) < 1e-9
    assert ideal.mrr_10 == 1
