"""PDFs page by page, by pdfium. Needs the extra `pdf`."""

from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]

from headworks.retrieval.reading.sections import Found, Section, UnreadableFileError, Written

MOST_PAGES = 10_000


def read_pdf(path: Path) -> Found:
    """The text of a PDF.

    Raises:
        UnreadableFileError: It is broken, locked with a password, too long, or a picture of text.
    """
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise UnreadableFileError("It is locked with a password." if locked else "It is a broken PDF.") from error
    try:
        return _read(document)
    except pdfium.PdfiumError as error:
        raise UnreadableFileError("It is a broken PDF.") from error
    finally:
        document.close()


def _read(document: pdfium.PdfDocument) -> Found:
    if len(document) > MOST_PAGES:
        raise UnreadableFileError(f"It has {len(document)} pages, more than {MOST_PAGES}.")
    sections = [Section(text, page=number) for number, text in enumerate(map(_page, document), start=1) if text]
    if not sections:
        raise UnreadableFileError("It holds no text. A scanned document must be recognised first.")
    title = " ".join(str(document.get_metadata_dict().get("Title") or "").split())
    return Found([Written(sections=sections, title=title)])


def _page(page: pdfium.PdfPage) -> str:
    text = page.get_textpage()
    found = str(text.get_text_bounded()).replace("\r\n", "\n").replace("\ufffe", "").replace("\x00", "").strip()
    text.close()
    page.close()
    return found
