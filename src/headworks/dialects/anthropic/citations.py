"""Citations: Anthropic's location objects to neutral ones and back.

Source: https://platform.claude.com/docs/en/build-with-claude/citations (read 2026-11-23).
"""

from typing import Any

from headworks.core.messages import Citation


def read_citation(wire: dict[str, Any]) -> Citation:
    """The neutral citation; the provider's own object is kept in `wire`."""
    return Citation(
        title=wire.get("document_title") or wire.get("title"),
        url=wire.get("url") or wire.get("source"),
        quote=wire.get("cited_text"),
        start=wire.get("start_char_index"),
        end=wire.get("end_char_index"),
        wire=wire,
    )


def is_native(citation: Citation) -> bool:
    """True when `wire` is an object of this dialect: every type of them ends in `_location`."""
    return bool(citation.wire) and str((citation.wire or {}).get("type", "")).endswith("_location")


def write_citation(citation: Citation) -> dict[str, Any]:
    """The object for an Anthropic client: the provider's own where it is of this dialect, else the nearest one."""
    if citation.wire and is_native(citation):
        return citation.wire
    if citation.url:
        return {
            "type": "web_search_result_location",
            "url": citation.url,
            "title": citation.title,
            "cited_text": citation.quote or "",
            "encrypted_index": "",
        }
    return {
        "type": "char_location",
        "cited_text": citation.quote or "",
        "document_index": 0,
        "document_title": citation.title,
        "start_char_index": citation.start or 0,
        "end_char_index": citation.end or 0,
    }
