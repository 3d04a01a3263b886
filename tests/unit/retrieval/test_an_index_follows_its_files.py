"""What is added, changed and deleted, over several runs."""

from pathlib import Path

import pytest
from tests.unit.retrieval.conftest import House, WordEmbedder

from headworks.core.errors import BadAskError, StoreError
from headworks.retrieval.ingest.options import Options


async def test_files_are_found_by_their_words_with_title_and_heading(house: House) -> None:
    house.write("leave.md", "# Leave\n\nIntroduction.\n\n## Carry over\n\nFive days go to next year.\n")
    house.write("deep/er/parking.txt", "Visitors park on level two.")
    report = await house.add()
    assert (report.added, report.chunks, report.troubles) == (2, 3, [])
    first = (await house.find("which days go over to next year"))[0]
    assert (first.title, first.heading, first.text) == ("Leave", ("Leave", "Carry over"), "Five days go to next year.")
    assert first.lexical_rank == first.dense_rank == 1
    assert (await house.names("where do visitors park"))[0] == "parking.txt"


async def test_what_has_not_changed_is_neither_read_nor_embedded_again(house: House) -> None:
    house.write("a.txt", "one two three")
    await house.add()
    before, version = len(house.embedder.texts), await house.version()
    report = await house.add()
    assert (report.unchanged, report.added, report.changed, len(house.embedder.texts)) == (1, 0, 0, before)
    assert await house.version() == version


async def test_of_a_changed_file_only_new_text_is_embedded(house: House) -> None:
    house.write("a.md", "# A\n\nstays as it is\n\n# B\n\nold words\n")
    await house.add()
    house.embedder.texts.clear()
    house.write("a.md", "# A\n\nstays as it is\n\n# B\n\nnew words\n")
    report = await house.add()
    assert report.changed == 1
    assert [text for text in house.embedder.texts if "stays" in text] == []
    assert [found.text for found in await house.find("old words", mode="lexical")] == ["new words"]


async def test_a_deleted_file_is_no_longer_found(house: House) -> None:
    house.write("a.txt", "apples")
    path = house.write("b.txt", "bananas")
    await house.add()
    path.unlink()
    report = await house.add()
    assert report.removed == 1
    assert await house.names("bananas", mode="lexical") == []


async def test_files_of_a_pattern_follow_it(house: House) -> None:
    house.write("a/one.md", "apples")
    path = house.write("b/two.md", "bananas")
    house.write("b/three.txt", "cherries")
    pattern = str(house.docs / "**" / "*.md")
    assert (await house.add(pattern)).added == 2
    path.unlink()
    assert (await house.add(pattern)).removed == 1


async def test_an_empty_disk_does_not_empty_the_index(house: House) -> None:
    path = house.write("a.txt", "apples")
    await house.add()
    path.unlink()
    report = await house.add()
    assert report.removed == 0
    assert "stays until" in report.troubles[0].reason
    assert await house.names("apples", mode="lexical") == ["a.txt"]


async def test_a_file_that_is_broken_now_stays_as_it_was(house: House) -> None:
    house.write("a.txt", "apples")
    house.write("b.txt", "bananas")
    await house.add()
    house.write("a.txt", b"\x00\x01\x02" * 50)
    report = await house.add()
    assert [trouble.name for trouble in report.troubles] == [str(house.docs / "a.txt")]
    assert await house.names("apples", mode="lexical") == ["a.txt"]


async def test_other_labels_are_in_force_without_embedding_anything_again(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add()
    before = await house.version()
    house.embedder.texts.clear()
    report = await house.add(labels=("hr",))
    assert (report.changed, house.embedder.texts) == (1, [])
    assert await house.names("apples") == []
    assert await house.names("apples", "hr") == ["a.txt"]
    assert await house.version() != before


async def test_the_version_says_what_is_in_the_index_and_not_how_it_came_there(house: House) -> None:
    house.write("a.txt", "apples")
    house.write("b.txt", "bananas")
    await house.add()
    version = await house.version()
    house.write("a.txt", "avocados")
    await house.add()
    assert await house.version() != version
    house.write("a.txt", "apples")
    await house.add()
    assert await house.version() == version


async def test_links_lead_to_the_file_below_the_root(house: House) -> None:
    house.write("sub/a b.txt", "apples")
    await house.add(link_base="https://wiki.example.com/docs/")
    assert (await house.find("apples"))[0].link == "https://wiki.example.com/docs/sub/a%20b.txt"


async def test_two_files_of_one_name_are_two_documents(house: House) -> None:
    house.write("x/same.txt", "apples red")
    house.write("y/same.txt", "apples green")
    await house.add(house.docs / "x", house.docs / "y", house.docs / "x" / "same.txt")
    assert len({found.document for found in await house.find("apples")}) == 2


async def test_a_model_that_fails_loses_nothing_that_was_done(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add()
    house.write("b.txt", "bananas")
    house.embedder.fails = True
    with pytest.raises(StoreError, match="run the same again"):
        await house.add()
    house.embedder.fails = False
    assert (await house.add()).added == 1


async def test_vectors_of_two_models_do_not_meet(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add()
    with pytest.raises(BadAskError, match="index rebuild book"):
        await house.indexer(WordEmbedder("words-2")).add("book", [str(house.docs)], Options())


async def test_a_rebuild_keeps_uploads_and_what_is_away_and_takes_the_new_model(house: House) -> None:
    house.write("a.txt", "apples")
    gone = house.write("gone/b.txt", "bananas")
    await house.add(house.docs / "a.txt", house.docs / "gone")
    await house.indexer().upload("book", "up.md", b"# Up\n\ncherries", Options(labels=("hr",)))
    gone.unlink()
    new = WordEmbedder("words-2")
    report = await house.indexer(new).rebuild("book")
    house.embedder = new
    assert report.added == 3
    assert [path.name for path in house.shelf.folder.glob("*.sqlite")] == ["book.2.sqlite"]
    for word, name in (("apples", "a.txt"), ("bananas", "b.txt"), ("cherries", "upload:up.md")):
        found = await house.find(word, "hr")
        assert Path(found[0].document).name == name
        assert found[0].dense_rank == 1


async def test_until_a_rebuild_is_complete_the_old_index_answers(house: House) -> None:
    house.write("a.txt", "apples")
    await house.add()
    broken = WordEmbedder("words-2")
    broken.fails = True
    with pytest.raises(StoreError):
        await house.indexer(broken).rebuild("book")
    assert await house.names("apples") == ["a.txt"]
    broken.fails = False
    await house.indexer(broken).rebuild("book")
    assert house.shelf.live("book").name == "book.2.sqlite"
    assert list(house.shelf.folder.glob("*.building")) == []


async def test_a_removed_file_and_a_removed_index_are_gone(house: House) -> None:
    house.write("a.txt", "apples")
    house.write("b.txt", "bananas")
    await house.add()
    assert await house.indexer().remove("book", (str(house.docs / "a.txt"),)) == 1
    assert await house.names("apples", mode="lexical") == []
    with pytest.raises(BadAskError, match="is not in the index"):
        await house.indexer().remove("book", ("nothing",))
    assert await house.indexer().remove("book") == 1
    with pytest.raises(BadAskError, match="no index `book`"):
        await house.find("bananas")
    assert [path.name for path in house.shelf.folder.iterdir()] == ["book.lock"]


async def test_two_processes_do_not_write_at_once(house: House) -> None:
    house.write("a.txt", "apples")
    with house.shelf.writing("book"), pytest.raises(BadAskError, match="another process"):
        await house.add()


async def test_a_link_to_a_folder_above_is_reported_and_followed_once(house: House) -> None:
    house.write("sub/a.txt", "apples")
    (house.docs / "sub" / "up").symlink_to(house.docs)
    report = await house.add()
    assert report.added == 1
    assert [trouble.reason for trouble in report.troubles] == ["It is a link to a folder that was visited already."]
