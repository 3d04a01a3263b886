"""Documents as they are written: cut into pieces, with all that belongs to them."""

import hashlib

import msgspec
from msgspec import Struct


class Piece(Struct, frozen=True, array_like=True):
    """A piece of a document.

    Attributes:
        text: Never empty.
        heading: Path of headings above it.
        page: Page it begins on.
    """

    text: str
    heading: tuple[str, ...] = ()
    page: int | None = None


class Cut(Struct, frozen=True, kw_only=True):
    """A document, read and cut.

    Attributes:
        part: Which one of its file; empty where a file is one document.
        title: Its own, or empty.
        link: Its own, where it says so.
        labels: Its own, beside those of the file.
        metadata: Its own, beside those of the file.
        pieces: In order.
    """

    part: str = ""
    title: str = ""
    link: str | None = None
    labels: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    pieces: tuple[Piece, ...] = ()


class Filed(Struct, frozen=True, kw_only=True):
    """A file with its documents.

    Attributes:
        name: Its path, or `upload:` and its name.
        root: What was asked for when it was found; its deletion is noticed when the same is asked again.
        hash: Of its bytes and of how they were read.
        bytes: Its size.
        documents: In it.
    """

    name: str
    root: str
    hash: bytes
    bytes: int
    documents: tuple[Cut, ...]


def embedded(document: Cut, piece: Piece) -> str:
    """What is embedded of a piece: the headings above it help to understand it."""
    above = [line for line in (document.title, *piece.heading) if line and not piece.text.startswith(line)]
    return " > ".join(dict.fromkeys(above)) + "\n" + piece.text if above else piece.text


def text_hash(text: str) -> bytes:
    """Under which the vector of a text is kept."""
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


def digest(document: Cut) -> bytes:
    """Changes with anything that a search can show of a document."""
    return hashlib.blake2b(msgspec.msgpack.encode(document), digest_size=16).digest()
