"""The questions that a data directory keeps, for one who looks after them without answering calls."""

import asyncio
from pathlib import Path

from headworks.cache.index.disk.store import VectorFile
from headworks.cache.index.kept import DISK
from headworks.cache.meaning.known import describe
from headworks.cache.upkeep import Gone, Report, TierRow
from headworks.cache.where import Where
from headworks.core.clock import Clock


class FiledQuestions:
    """Satisfies `cache.upkeep.Tier`.

    Args:
        data_dir: Where the file lies.
        limit_bytes: What it may take.
        clock: Source of time.
    """

    def __init__(self, data_dir: Path, limit_bytes: int, clock: Clock) -> None:
        self._limit = limit_bytes
        self._file = VectorFile(data_dir, limit_bytes, clock, describe, encoder=None)

    async def purge(self, where: Where) -> Gone:
        """Let go of all questions whose entries are meant, in gateways that use the file, too."""
        keys, erased = await asyncio.to_thread(self._file.purge, where)
        return Gone(counts={DISK: len(keys)}, erased=erased)

    async def count(self, where: Where) -> dict[str, int]:
        """How many are meant."""
        return {DISK: await asyncio.to_thread(self._file.count, where)}

    def report(self) -> Report:
        """What it takes."""
        row = TierRow(bytes=self._file.total_bytes, limit_bytes=self._limit, common=True)
        return Report(tiers={DISK: row})

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
