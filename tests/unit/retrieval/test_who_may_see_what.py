"""Labels and filters: what a caller may not see takes no part in a search."""

import pytest
from tests.unit.retrieval.conftest import House

from headworks.core.errors import BadAskError

MODES = ("lexical", "dense", "hybrid")


async def test_a_caller_without_the_label_gets_as_many_passages_as_if_the_others_were_not_there(house: House) -> None:
    for number in range(300):
        house.write(f"secret/{number}.txt", f"apples apples apples {number}")
    house.write("open/a.txt", "apples and something else entirely in a longer sentence")
    await house.add(house.docs / "secret", labels=("hr",))
    await house.add(house.docs / "open")
    for mode in MODES:
        assert await house.names("apples", mode=mode) == ["a.txt"]
        assert len(await house.names("apples", "hr", mode=mode, top_k=50)) == 50


async def test_all_labels_of_a_document_are_needed(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add(labels=("hr", "board"))
    assert await house.names("apples", "hr") == []
    assert await house.names("apples", "board", "sales") == []
    assert await house.names("apples", "board", "hr", "sales") == ["a.txt"]


async def test_a_label_that_is_taken_away_is_in_force_before_memory_follows(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add()
    assert await house.names("apples") == ["a.txt"]
    await house.add(labels=("hr",))
    for mode in MODES:
        assert await house.retriever().search("apples", top_k=5) == [], mode


async def test_lines_of_one_file_may_have_labels_of_their_own(house: House) -> None:
    house.write(
        "all.jsonl",
        '{"id": "one", "text": "apples for all"}\n{"id": "two", "text": "apples for some", "labels": ["hr"]}\n'
        '{"id": "three", "text": "apples for whom", "labels": "hr"}\n',
    )
    report = await house.add()
    assert "its `labels` are no list" in report.remarks[0].reason
    assert await house.names("apples") == ["all.jsonl#one"]
    assert sorted(await house.names("apples", "hr")) == ["all.jsonl#one", "all.jsonl#two"]


async def test_filters_are_met_by_every_passage(house: House) -> None:
    house.write("en/a.txt", "apples")
    house.write("de/b.txt", "apples")
    await house.add(house.docs / "en", metadata={"lang": "en", "kind": "guide"})
    await house.add(house.docs / "de", metadata={"lang": "de", "kind": "guide"})
    for mode in MODES:
        assert await house.names("apples", mode=mode, filters={"lang": "de"}) == ["b.txt"]
        assert len(await house.names("apples", mode=mode, filters={"lang": ("de", "en"), "kind": "guide"})) == 2
        assert await house.names("apples", mode=mode, filters={"lang": "fr"}) == []
        assert await house.names("apples", mode=mode, filters={"document": str(house.docs / "en/a.txt")}) == ["a.txt"]


@pytest.mark.parametrize("field", ["", 'a"b', "$.x[0]", "a b"])
async def test_a_filter_that_is_no_name_is_refused(house: House, field: str) -> None:
    house.write("a.txt", "apples")
    await house.add()
    with pytest.raises(BadAskError, match="no name of a metadata field"):
        await house.find("apples", filters={field: "x"})
