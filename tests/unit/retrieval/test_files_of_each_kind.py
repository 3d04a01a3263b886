"""What readers make of files."""

import zipfile
from pathlib import Path

import pytest

from headworks.retrieval.reading.frames import Job
from headworks.retrieval.reading.kinds import kind_of
from headworks.retrieval.reading.worker import READERS, answer
from headworks.retrieval.store.pieces import Cut

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 41>>stream
BT /F 12 Tf 10 50 Td (Apples are red.) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
6 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 7 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
7 0 obj<</Length 41>>stream
BT /F 12 Tf 10 50 Td (Second page now) Tj ET
endstream endobj
8 0 obj<</Title(Fruit)>>endobj
trailer<</Root 1 0 R/Info 8 0 R>>
"""
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCX = f"""<w:document xmlns:w="{W}"><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>Leave</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Five </w:t></w:r><w:r><w:t>days.</w:t></w:r></w:p>
<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Table</w:t></w:r></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</w:body></w:document>"""


@pytest.fixture
def read(tmp_path: Path):
    def read(name: str, content: str | bytes, chars: int = 1000) -> tuple[Cut, ...]:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = answer(Job(str(path), kind_of(name) or "", chars, 0, 10_000))
        assert result.fault == ""
        return result.documents

    return read


def pieces(documents: tuple[Cut, ...]) -> list[tuple[str, tuple[str, ...]]]:
    return [(piece.text, piece.heading) for document in documents for piece in document.pieces]


def test_markdown_is_cut_by_headings_and_not_inside_of_code(read) -> None:
    text = (
        "---\nx: y\n---\nintro\n\n# A\n\none\n\n```sh\n# no heading\n```\n\n## B ##\n\ntwo\n\n"
        "C\n=\n\nthree\n\n---\n\nfour\n"
    )
    documents = read("a.md", text)
    assert documents[0].title == "A"
    assert pieces(documents) == [
        ("intro", ()),
        ("one\n\n```sh\n# no heading\n```", ("A",)),
        ("two", ("A", "B")),
        ("three\n\n---\n\nfour", ("C",)),
    ]


def test_long_text_is_cut_at_its_seams_and_nothing_is_lost(read) -> None:
    text = " ".join(f"Sentence number {number} has six words." for number in range(200))
    found = pieces(read("a.txt", text, 300))
    assert all(len(piece) <= 300 and piece.endswith(".") for piece, _ in found)
    assert " ".join(piece for piece, _ in found) == text


def test_pdfs_keep_their_pages(read) -> None:
    (document,) = read("a.pdf", PDF)
    assert document.title == "Fruit"
    assert [(piece.text, piece.page) for piece in document.pieces] == [("Apples are red.", 1), ("Second page now", 2)]


def test_word_documents_keep_headings_and_rows(read, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        archive.writestr("word/document.xml", DOCX)
    found = pieces(read("a.docx", (tmp_path / "x").read_bytes()))
    assert found == [("Five days.", ("Leave",)), ("a | b", ("Leave", "Table"))]


def test_web_pages_lose_their_menus(read) -> None:
    page = (
        "<html><head><title>Parking</title></head><body><nav><a href='/'>Home</a></nav><article><h1>Parking</h1>"
        "<p>Visitors park on level two of the garage. The gate closes at ten in the evening, and nobody gets out later."
        "</p><h2>Bicycles</h2><p>Bicycles stand in the yard behind the house, under the roof, where it is dry.</p>"
        "</article><footer>Imprint</footer></body></html>"
    )
    documents = read("a.html", page)
    assert documents[0].title == "Parking"
    text = " ".join(piece for piece, _ in pieces(documents))
    assert "level two" in text
    assert "Imprint" not in text


def test_rows_of_a_table_say_their_columns_and_stay_whole(read) -> None:
    text = "name;city\n" + "".join(f"Ann {number};Rome\n" for number in range(50))
    found = pieces(read("a.csv", text, 100))
    assert found[0][0].split("\n")[0] == "name: Ann 0; city: Rome"
    lines = [line for piece, _ in found for line in piece.split("\n")]
    assert len(lines) == 50
    assert all(line.endswith("city: Rome") for line in lines)
    assert pieces(read("b.tsv", "a\tb\n1\t2\n")) == [("a: 1; b: 2", ())]


def test_json_lines_are_documents(read) -> None:
    line = '{"id": 7, "title": "T", "text": "apples", "url": "https://e.example", "metadata": {"a": 1, "b": []}}'
    (document,) = read("a.jsonl", line + "\n\n" + '{"id": 7, "text": "again"}\n')
    assert (document.part, document.title, document.link) == ("7", "T", "https://e.example")
    assert document.metadata == {"a": "1"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("grüße".encode("cp1252"), "grüße"),
        ("\ufeffgrüße".encode("utf-16-le"), "grüße"),
        ("\ufeffa\r\nb".encode(), "a\nb"),
    ],
)
def test_old_encodings_are_read(read, raw: bytes, text: str) -> None:
    assert pieces(read("a.txt", raw)) == [(text, ())]


def test_kinds_are_told_by_names() -> None:
    assert [kind_of(name) for name in ("a.PDF", "README", "b.tar.gz", "c", "d.py")] == [
        "pdf",
        "text",
        None,
        None,
        "code",
    ]


def test_too_much_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 11, encoding="utf-8")
    assert "more than 10" in answer(Job(str(tmp_path / "a.txt"), "text", 100, 0, 10)).fault


def test_a_reader_that_is_not_installed_is_named() -> None:
    known = READERS.pop("pdf")
    try:
        fault = answer(Job("a.pdf", "pdf", 100, 0, 10)).fault
    finally:
        READERS["pdf"] = known
    assert fault == "Reading PDF needs headworks[pdf], which is not installed."
