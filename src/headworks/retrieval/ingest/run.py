"""One run over some roots: what is new or changed is read, embedded and written; what is gone is removed."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError, StoreError
from headworks.embedding.embedder import Embedder, EmbedderError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.ingest.options import Options
from headworks.retrieval.ingest.report import Progress, Report, Tell, Trouble
from headworks.retrieval.ingest.walking import Candidate, walk
from headworks.retrieval.reading.process import Reading
from headworks.retrieval.store.pieces import Cut, Filed, embedded
from headworks.retrieval.store.writer import IndexWriter

FORMAT = 1
"""Counted up when files are read or cut in another way: they are then read again."""
_BATCH_TEXTS = 32
_PENDING_TEXTS = 128
_PENDING_FILES = 64

Stamps = dict[str, tuple[int, int]]
"""Time and size of files as they were last seen. One that has neither changed is not read to compare its hash."""


class Tools(Struct, frozen=True):
    """What a run works with.

    Attributes:
        embedder: Makes vectors; None for an index of words alone.
        reading: Reads files.
        settings: How.
    """

    embedder: Embedder | None
    reading: Reading
    settings: IndexSettings


class Run:
    """Takes files into one index. Everything that touches the index runs in the given thread.

    Args:
        writer: The index.
        thread: Of the writer.
        tools: Reader and embedder.
        tell: Is told how far it is.
        stamps: Of an earlier run over the same index, in this process.
    """

    def __init__(
        self, writer: IndexWriter, thread: ThreadPoolExecutor, tools: Tools, tell: Tell, stamps: Stamps | None = None
    ) -> None:
        self.report = Report()
        self._writer = writer
        self._thread = thread
        self._tools = tools
        self._tell = tell
        self._stamps: Stamps = {} if stamps is None else stamps
        self._pending: list[tuple[Filed, bool]] = []
        self._texts = 0
        self._done = self._total = 0

    async def root(self, root: str, options: Options) -> None:
        """Take in what a root means, and remove what is no longer under it."""
        walked = await asyncio.to_thread(walk, root, self._tools.settings.max_file_bytes)
        self.report.troubles += walked.troubles
        self.report.others += walked.others
        before = await self._do(self._writer.files_of, root)
        if walked.files or before:
            await self._do(self._writer.remember_root, root, msgspec.json.encode(options).decode())
        hashes = await self._do(self._writer.hashes)
        self._done, self._total = 0, len(walked.files)
        for candidate in walked.files:
            self._told(candidate.path)
            await self._file(candidate, root, options, hashes)
            self._done += 1
        await self._flush()
        self._told("")
        await self._follow_deletions(root, before, {one.path for one in walked.files}, walked.troubles)

    async def take(self, filed: Filed, *, known: bool) -> None:
        """Write a file that was read before; `known` when it replaces one."""
        self._pending.append((filed, known))
        self._texts += sum(len(document.pieces) for document in filed.documents)
        if self._texts >= _PENDING_TEXTS or len(self._pending) >= _PENDING_FILES:
            await self._flush()

    async def read(self, candidate: Candidate, root: str, options: Options, hashed: bytes) -> Filed | None:
        """A file with its documents; None when it cannot be read, which is reported."""
        name = candidate.name
        result = await self._tools.reading.read(candidate.path, candidate.kind)
        self.report.remarks += [Trouble(name, remark) for remark in result.remarks]
        if result.fault:
            self.report.troubles.append(Trouble(name, result.fault))
            return None
        documents = tuple(_with(document, options, options.link_of(root, name)) for document in result.documents)
        return Filed(name=name, root=root, hash=hashed, bytes=candidate.bytes, documents=documents)

    async def finish(self) -> None:
        """Write what waits, and let go of what nothing uses any more."""
        await self._flush()
        await self._do(self._writer.sweep)

    async def _file(self, candidate: Candidate, root: str, options: Options, hashes: dict[str, bytes]) -> None:
        name, stamp = candidate.path, (candidate.stamp, candidate.bytes)
        if name in hashes and self._stamps.get(name) == stamp:
            self.report.unchanged += 1
            return
        try:
            hashed = await asyncio.to_thread(self.hash, candidate, options)
        except OSError as error:
            self.report.troubles.append(Trouble(name, f"It cannot be opened: {error.strerror}."))
            return
        self._stamps[name] = stamp
        if hashes.get(name) == hashed:
            self.report.unchanged += 1
            await self._do(self._writer.move, name, root)
            return
        filed = await self.read(candidate, root, options, hashed)
        if filed is not None:
            await self.take(filed, known=name in hashes)

    def hash(self, candidate: Candidate, options: Options) -> bytes:
        """Of the bytes of a file, and of how it is read. Blocks."""
        settings = self._tools.settings
        how = (FORMAT, candidate.kind, settings.chunk_chars, settings.overlap_chars, options)
        with open(candidate.path, "rb") as file:  # noqa: PTH123
            found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16))
        found.update(msgspec.json.encode(how))
        return found.digest()

    async def _flush(self) -> None:
        pending, self._pending, self._texts = self._pending, [], 0
        if self._tools.embedder is not None:
            await self._embed(self._tools.embedder, [filed for filed, _ in pending])
        for filed, known in pending:
            try:
                self.report.chunks += await self._do(self._writer.replace, filed)
            except BadAskError as error:
                self.report.troubles.append(Trouble(filed.name, error.message))
                continue
            self.report.changed += known
            self.report.added += not known

    async def _embed(self, embedder: Embedder, files: list[Filed]) -> None:
        texts = [embedded(one, piece) for filed in files for one in filed.documents for piece in one.pieces]
        missing = sorted(await self._do(self._writer.unembedded, texts), key=len)
        for first in range(0, len(missing), _BATCH_TEXTS):
            part = missing[first : first + _BATCH_TEXTS]
            try:
                vectors = await embedder.embed(part)
            except EmbedderError as error:
                raise StoreError(f"{error} What was done is kept: run the same again to go on.") from error
            await self._do(self._writer.keep_vectors, part, vectors)
            self.report.embedded += len(part)
            self._told(files[0].name)

    async def _follow_deletions(self, root: str, before: set[str], found: set[str], troubles: list[Trouble]) -> None:
        if not found and not before:
            if not troubles:
                self.report.troubles.append(Trouble(root, "Nothing in it can be read."))
            return
        if not found and before:
            # A disk that is not mounted looks the same, and must not empty an index.
            reason = f"Nothing is there any more. What was taken in ({len(before)} files) stays until `index rm`."
            self.report.troubles.append(Trouble(root, reason))
            return
        away = tuple(trouble.name.rstrip(os.sep) for trouble in troubles)
        gone = sorted(name for name in before - found if not _below(name, away))
        if gone:
            self.report.removed += await self._do(self._writer.remove, gone)
        for name in gone:
            self._stamps.pop(name, None)

    def _told(self, name: str) -> None:
        self._tell(Progress(self._done, self._total, self.report.embedded, name))

    async def _do(self, work: Callable[..., Any], *arguments: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _below(name: str, places: tuple[str, ...]) -> bool:
    """Whether a file is, or lies below, something that could not be looked at."""
    return any(name == place or name.startswith(place + os.sep) for place in places)


def _with(document: Cut, options: Options, link: str | None) -> Cut:
    """A document with what is said of its root."""
    return msgspec.structs.replace(
        document,
        labels=tuple(sorted({*document.labels, *options.labels})),
        metadata={**options.metadata, **document.metadata},
        link=document.link or link,
    )
