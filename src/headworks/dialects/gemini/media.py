"""Pictures, sound and files as Gemini parts: bytes inline, addresses as `fileData`.

The provider fetches public https addresses itself. Source: https://ai.google.dev/gemini-api/docs/file-input-methods
(read 2026-11-23).
"""

import mimetypes
from typing import Any
from urllib.parse import urlsplit

from headworks.core.messages import Audio, Document, Image
from headworks.dialects.gaps import Gaps

_PDF = "application/pdf"


def image_part(image: Image, where: str, gaps: Gaps) -> dict[str, Any] | None:
    """A picture; None when it only has another provider's file id and that may be dropped."""
    if image.cache_mark:
        gaps.hint("cache_control")
    if image.detail not in (None, "auto"):
        gaps.hint(f"{where}.detail")
    if image.data is not None:
        return _inline(image.media_type or "image/png", image.data)
    if image.url is not None:
        return _at(image.url, image.media_type)
    gaps.lacks(f"{where}.file_id")
    return None


def audio_part(audio: Audio) -> dict[str, Any]:
    """Sound."""
    return _inline(f"audio/{audio.format}", audio.data)


def document_part(document: Document, where: str, gaps: Gaps) -> dict[str, Any] | None:
    """A file to read; None when it only has another provider's file id and that may be dropped."""
    if document.cache_mark:
        gaps.hint("cache_control")
    if document.name is not None:
        gaps.hint(f"{where}.filename")
    if document.citations:
        gaps.lacks(f"{where}.citations")
    if document.context is not None:
        gaps.lacks(f"{where}.context")
    if document.text is not None:
        return {"text": document.text}
    if document.data is not None:
        return _inline(document.media_type or _PDF, document.data)
    if document.url is not None:
        return _at(document.url, document.media_type or _PDF)
    gaps.lacks(f"{where}.file_id")
    return None


def _inline(media_type: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": data}}


def _at(url: str, media_type: str | None) -> dict[str, Any]:
    guessed = media_type or mimetypes.guess_type(_path(url))[0]
    return {"fileData": {"fileUri": url} | ({"mimeType": guessed} if guessed else {})}


def _path(url: str) -> str:
    """The path of an address; all of one that cannot be read, for the provider to complain about."""
    try:
        return urlsplit(url).path
    except ValueError:
        return url
