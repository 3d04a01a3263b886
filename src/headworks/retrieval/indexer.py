"""Make, change and look at indexes: what the command line and the admin API do with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from headworks.core.clock import Clock, rfc3339
from headworks.core.errors import BadAskError
from headworks.embedding.embedder import Embedder, EmbedderError
from headworks.retrieval.config import IndexSettings
from headworks.retrieval.ingest.options import UPLOADS, Options
from headworks.retrieval.ingest.report import Report, Tell, untold
from headworks.retrieval.ingest.run import Run, Stamps, Tools
from headworks.retrieval.ingest.walking import Candidate, root_of
from headworks.retrieval.reading.kinds import kind_of
from headworks.retrieval.reading.process import Reading, ReadingProcess
from headworks.retrieval.store.graph import renew
from headworks.retrieval.store.reader import IndexReader
from headworks.retrieval.store.shelf import Shelf
from headworks.retrieval.store.writer import IndexWriter

_MOST_NAME = 200
_T = TypeVar("_T")


class _Opened(Struct, frozen=True):
    writer: IndexWriter
    thread: ThreadPoolExecutor
    tools: Tools


class Indexer:
    """The indexes of a data directory, to write to.

    Args:
        shelf: Where they lie.
        embedder: Makes vectors; None for indexes of words alone. Started when there is something to embed.
        settings: How documents are read and cut.
        clock: Source of time.
        reader: Makes what reads files.
    """

    def __init__(
        self,
        shelf: Shelf,
        embedder: Embedder | None,
        settings: IndexSettings,
        clock: Clock,
        reader: Callable[[IndexSettings], Reading] = ReadingProcess,
    ) -> None:
        self.shelf = shelf
        self._embedder = embedder
        self._settings = settings
        self._clock = clock
        self._reader = reader

    async def add(
        self, name: str, paths: Iterable[str], options: Options, tell: Tell = untold, stamps: Stamps | None = None
    ) -> Report:
        """Take in files, folders and patterns; make the index when it is new.

        Raises:
            BadAskError: Names or labels that are none; `conflict` (409) while another process writes.
            StoreError: The index cannot be written, or the texts not embedded.
        """
        async with self._writing(name, self.shelf.first(name)) as opened:
            run = Run(opened.writer, opened.thread, opened.tools, tell, stamps)
            for root in dict.fromkeys(map(root_of, paths)):
                await run.root(root, options)
            await run.finish()
        return run.report

    async def upload(self, name: str, file: str, content: bytes, options: Options) -> Report:
        """Take in one document that comes as bytes, in place of an older one of its name.

        Raises:
            BadAskError: As `add`, or nobody reads such files, or it is too large.
        """
        kind = self._uploadable(file, content)
        async with self._writing(name, self.shelf.first(name)) as opened:
            run = Run(opened.writer, opened.thread, opened.tools, untold)
            with TemporaryDirectory(dir=self.shelf.folder, prefix="upload-") as folder:
                path = Path(folder) / ("document" + Path(file).suffix)
                await asyncio.to_thread(path.write_bytes, content)
                candidate = Candidate(UPLOADS + file, str(path), kind, len(content))
                hashed = await asyncio.to_thread(run.hash, candidate, options)
                filed = await run.read(candidate, UPLOADS, options, hashed)
            if filed is not None:
                known = filed.name in await _in(opened.thread, opened.writer.hashes)
                await run.take(filed, known=known)
            await run.finish()
        return run.report

    async def rebuild(self, name: str, tell: Tell = untold) -> Report:
        """Make an index anew, with the settings and the model of now. The old one is searched until it is complete.

        Raises:
            BadAskError: `unknown_index` (404), `conflict` (409).
            StoreError: It cannot be written, or the texts not embedded. The same again goes on.
        """
        old_path = self.shelf.live(name)
        building = self.shelf.building(name)
        async with self._writing(name, building) as opened:
            old = await _in(opened.thread, IndexWriter, old_path, self._clock)
            run = Run(opened.writer, opened.thread, opened.tools, tell)
            for root, text in (await _in(opened.thread, old.roots)).items():
                await run.root(root, msgspec.json.decode(text, type=Options))
            await self._carry(opened, old, run)
            await run.finish()
            await _in(opened.thread, old.close)
        with self.shelf.writing(name):
            self.shelf.switch(building)
            self.shelf.tidy(name)
        return run.report

    async def remove(self, name: str, sources: tuple[str, ...] = ()) -> int:
        """Remove an index, or only some files, folders or patterns from it; how many files went.

        Raises:
            BadAskError: `unknown_index` or `unknown_document` (404), `conflict` (409).
        """
        return await asyncio.to_thread(self._remove, name, sources)

    def overview(self) -> list[dict[str, Any]]:
        """Every index: how much it has, its version, its model."""
        return [self._read(name, _summary) for name in self.shelf.names()]

    def show(self, name: str) -> dict[str, Any]:
        """One index with its roots and files.

        Raises:
            BadAskError: `unknown_index` (404).
        """
        return self._read(name, _details)

    def _remove(self, name: str, sources: tuple[str, ...]) -> int:
        path = self.shelf.live(name)
        with self.shelf.writing(name):
            writer = IndexWriter(path, self._clock)
            try:
                if not sources:
                    gone = len(writer.hashes())
                else:
                    gone = sum(_removed(writer, source) for source in sources)
                    writer.sweep()
            finally:
                writer.close()
            if not sources:
                self.shelf.remove(name)
        return gone

    async def _carry(self, opened: _Opened, old: IndexWriter, run: Run) -> None:
        """Take over what cannot be read anew: uploads, and files that are away or broken now."""
        there = set(await _in(opened.thread, opened.writer.hashes))
        failed = {trouble.name for trouble in run.report.troubles}
        for root in (UPLOADS, *(await _in(opened.thread, old.roots))):
            for filed in await _in(opened.thread, old.kept_files, root):
                if filed.name not in there and (root == UPLOADS or {root, filed.name} & failed):
                    await run.take(filed, known=False)

    def _uploadable(self, file: str, content: bytes) -> str:
        kind = kind_of(file)
        if kind is None or "/" in file or len(file) > _MOST_NAME or not file.isprintable():
            raise BadAskError(f"A document cannot have the name `{file[:80]}`: it needs one that says its kind.")
        if not content or len(content) > self._settings.max_file_bytes:
            limit = self._settings.max_file_bytes
            raise BadAskError(f"A document has 1 to {limit} bytes, not {len(content)} (`max_file_bytes`).", status=413)
        return kind

    @asynccontextmanager
    async def _writing(self, name: str, path: Path) -> AsyncIterator[_Opened]:
        with self.shelf.writing(name), ThreadPoolExecutor(1, thread_name_prefix="indexing") as thread:
            reading = self._reader(self._settings)
            writer = await _in(thread, IndexWriter, path, self._clock)
            try:
                await _in(thread, self._agree, name, writer)
                yield _Opened(writer, thread, Tools(self._embedder, reading, self._settings))
            finally:
                await reading.stop()
                await _in(thread, writer.close)
            await _in(thread, renew, path)

    def _agree(self, name: str, writer: IndexWriter) -> None:
        """Vectors of two models are never in one index."""
        model = "" if self._embedder is None else self._embedder.name
        there = writer.about().get("model")
        if there is None:
            writer.describe(model=model)
        elif there != model:
            raise BadAskError(
                f"Index `{name}` was made with {there or 'no embedding model'}, not with {model or 'none'}. "
                f"`headworks index rebuild {name}` makes it anew."
            )

    def _read(self, name: str, look: Callable[[str, IndexReader], dict[str, Any]]) -> dict[str, Any]:
        reader = IndexReader(self.shelf.live(name))
        try:
            with reader.snapshot():
                return look(name, reader)
        finally:
            reader.close()


async def started(embedder: Embedder) -> Embedder:
    """The embedder, ready.

    Raises:
        BadAskError: It is not installed.
    """
    try:
        await embedder.start()
    except EmbedderError as error:
        raise BadAskError(f"{error} An index of words alone needs no model: --lexical.") from error
    return embedder


def _removed(writer: IndexWriter, source: str) -> int:
    name, root = source if source.startswith(UPLOADS) else root_of(source), root_of(source)
    gone = writer.forget_root(root) if root in writer.roots() else 0
    gone += writer.remove([name]) if name in writer.hashes() else 0
    if not gone:
        raise BadAskError(f"`{source[:200]}` is not in the index.", code="unknown_document", status=404)
    return gone


def _summary(name: str, reader: IndexReader) -> dict[str, Any]:
    about = reader.about()
    size = reader.path.stat().st_size
    return {"name": name, **reader.counts(), "bytes": size, "model": about.get("model") or None} | {
        "version": reader.version()
    }


def _details(name: str, reader: IndexReader) -> dict[str, Any]:
    files = [{**file, "added_at": rfc3339(file.pop("added_s"))} for file in reader.files()]
    return _summary(name, reader) | {"roots": reader.roots(), "data": files}


async def _in(thread: ThreadPoolExecutor, work: Callable[..., _T], *arguments: Any) -> _T:
    return await asyncio.get_running_loop().run_in_executor(thread, work, *arguments)
