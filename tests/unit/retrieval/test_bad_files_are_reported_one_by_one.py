"""What cannot be read is said of each file, and the rest is taken in."""

import os
import zipfile
from pathlib import Path

import pytest
from tests.unit.retrieval.conftest import House

from headworks.core.errors import BadAskError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.reading.process import ReadingProcess

LOCKED_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\n"
    b"4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>endobj\n"
    b"trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<01><01>]>>\n"
)


def docx(path: Path, body: bytes, member: str = "word/document.xml") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, body)


async def reasons(house: House) -> dict[str, str]:
    report = await house.add()
    assert report.added == 1
    return {Path(trouble.name).name: trouble.reason for trouble in report.troubles}


async def test_each_bad_file_has_its_sentence_and_the_rest_goes_on(house: House) -> None:
    house.write("good.txt", "apples")
    house.write("binary.txt", bytes(range(128)))
    house.write("broken.pdf", b"%PDF-1.7 nothing more")
    house.write("locked.pdf", LOCKED_PDF)
    house.write("broken.docx", b"PK nothing")
    docx(house.docs / "bomb.docx", b"<a>" + b" " * 70_000_000)
    docx(house.docs / "entities.docx", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    docx(house.docs / "other.docx", b"<a/>", "elsewhere.xml")
    house.write("empty.md", "")
    house.write("blank.md", "  \n\n ")
    house.write("large.txt", "x" * 100_001)
    house.write("lines.jsonl", "no json\n[]\n")
    house.write("picture.png", bytes(100))
    assert await reasons(house) == {
        "binary.txt": "It is no text, but binary data.",
        "broken.pdf": "It is a broken PDF.",
        "locked.pdf": "It is locked with a password.",
        "broken.docx": "It is broken, or no Word document. One with a password looks so, too.",
        "bomb.docx": "It unpacks to more than 64 MiB.",
        "entities.docx": "It is broken, or no Word document. One with a password looks so, too.",
        "other.docx": "It is no Word document: it has no `word/document.xml`.",
        "empty.md": "It is empty.",
        "blank.md": "It holds no text.",
        "large.txt": "It has 0.1 MiB, more than 0.1 MiB (`max_file_bytes`).",
        "lines.jsonl": "None of its lines is a document. Line 1 was left out: it is no JSON.",
    }


async def test_names_in_any_script_are_fine_and_those_in_none_are_reported(house: House) -> None:
    house.write("grüße-日本-🙂.txt", "apples")
    try:
        (house.docs / os.fsdecode(b"bad-\xff.txt")).write_bytes(b"bananas")
    except OSError:
        pytest.skip("This file system only has names that are UTF-8.")
    report = await house.add()
    assert report.added == 1
    assert [trouble.reason for trouble in report.troubles] == ["Its name is no UTF-8. Rename it."]
    assert await house.names("apples") == ["grüße-日本-🙂.txt"]


async def test_an_empty_folder_and_a_path_that_is_none_are_reported(house: House) -> None:
    report = await house.add(house.docs, house.docs / "nowhere")
    assert [trouble.reason for trouble in report.troubles] == [
        "Nothing in it can be read.",
        "There is no such file or folder.",
    ]


async def test_a_file_of_another_kind_is_counted_in_a_folder_and_refused_when_named(house: House) -> None:
    path = house.write("song.mp3", b"x")
    house.write("a.txt", "apples")
    assert (await house.add()).others == 1
    assert (await house.add(path)).troubles[0].reason == "Files of this kind are not read."


async def test_an_upload_needs_a_name_that_says_its_kind(house: House) -> None:
    for name in ("a", "a.exe", "../a.md", "a\n.md"):
        with pytest.raises(BadAskError, match="cannot have the name"):
            await house.indexer().upload("book", name, b"apples", Options())
    with pytest.raises(BadAskError, match="max_file_bytes"):
        await house.indexer().upload("book", "a.md", b"x" * 100_001, Options())


async def test_a_label_has_one_line(house: House) -> None:
    house.write("a.txt", "apples")
    report = await house.add(labels=("hr\npublic",))
    assert report.troubles[0].reason == "A label is one line of 1 to 100 characters."


async def test_reading_in_a_process_of_its_own_gives_the_same_and_survives_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Title\n\nApples.\n", encoding="utf-8")
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 nothing more")
    reading = ReadingProcess(IndexSettings())
    try:
        assert (await reading.read(str(tmp_path / "b.pdf"), "pdf")).fault == "It is a broken PDF."
        result = await reading.read(str(tmp_path / "a.md"), "markdown")
        assert result.documents[0].pieces[0].text == "Apples."
        assert (await reading.read(str(tmp_path / "gone.md"), "markdown")).fault.startswith("It cannot be opened")
    finally:
        await reading.stop()


async def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.txt")
    reading = ReadingProcess(IndexSettings(read_timeout_s=0.2))
    result = await reading.read(str(tmp_path / "never.txt"), "text")
    assert result.fault == "Reading it took more than 0.2 s (`read_timeout_s`)."
