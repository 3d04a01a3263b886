"""Web pages: their main text, without menus and advertisements, by trafilatura. Needs the extra `html`."""

from pathlib import Path

import msgspec
from trafilatura import extract, extract_metadata, html2txt

from headworks.retrieval.reading.plain import decoded, written
from headworks.retrieval.reading.sections import Found, Section, Written


def read_html(path: Path) -> Found:
    """A page. Where no main text is found, all its text."""
    page = decoded(path.read_bytes())
    known = extract_metadata(page)
    title = " ".join(str(known.title or "").split()) if known else ""
    text = extract(page, output_format="markdown", include_comments=False, include_tables=True)
    document = written(text, title) if text else Written(sections=[Section(str(html2txt(page) or ""))], title=title)
    return Found([msgspec.structs.replace(document, link=str(known.url) if known and known.url else None)])
