"""The reading process: `python -m headworks.retrieval.reading.worker`, started by `process.py` and by nobody else.

Its memory is limited, and what a file does to it ends with it. Libraries that are not installed are noticed per file.
"""

import os
import resource
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from headworks.core.children.inside import die_with_parent, report_channel
from headworks.retrieval.reading.frames import Job, Result, encode, framed, read_frame
from headworks.retrieval.reading.plain import read_markdown, read_text
from headworks.retrieval.reading.sections import Found, UnreadableFileError
from headworks.retrieval.reading.tables import read_csv, read_jsonl

_Read = Callable[[Path], Found]
MEMORY_BYTES = 3 * 1024**3
READERS: dict[str, _Read] = {
    "text": read_text,
    "code": read_text,
    "markdown": read_markdown,
    "csv": read_csv,
    "jsonl": read_jsonl,
}
EXTRAS = {"docx": "docs", "pdf": "pdf", "html": "html"}
"""What must be installed for a kind: `headworks[...]`."""

try:
    from headworks.retrieval.reading.docx import read_docx

    READERS["docx"] = read_docx
except ImportError:
    pass
try:
    from headworks.retrieval.reading.pdf import read_pdf

    READERS["pdf"] = read_pdf
except ImportError:
    pass
try:
    from headworks.retrieval.reading.html import read_html

    READERS["html"] = read_html
except ImportError:
    pass
try:
    from headworks.retrieval.reading.cutting import Cutter
except ImportError as error:
    CANNOT_CUT = str(error)
else:
    CANNOT_CUT = ""


def main() -> None:
    """Read files until the input ends."""
    die_with_parent()
    os.nice(5)  # calls go first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    jobs: BinaryIO = sys.stdin.buffer
    with suppress(BrokenPipeError), report_channel() as answers:  # when nobody listens any more, this ends
        while (body := read_frame(jobs)) is not None:
            answers.write(framed(encode(answer(msgspec.msgpack.decode(body, type=Job)))))
            answers.flush()


def answer(job: Job) -> Result:
    """What comes of one file."""
    if CANNOT_CUT:
        return Result(fault=f"Texts cannot be cut: {CANNOT_CUT}. Install headworks[docs].")
    read = READERS.get(job.kind)
    if read is None:
        return Result(fault=f"Reading {job.kind.upper()} needs headworks[{EXTRAS[job.kind]}], which is not installed.")
    try:
        return _cut(job, read(Path(job.path)))
    except UnreadableFileError as error:
        return Result(fault=str(error))
    except OSError as error:
        return Result(fault=f"It cannot be opened: {error.strerror or error}.")
    except (MemoryError, RecursionError):
        return Result(fault=f"Reading it takes more than {MEMORY_BYTES // 1024**3} GiB of memory, or never ends.")


def _cut(job: Job, found: Found) -> Result:
    chars = sum(len(section.text) for document in found.documents for section in document.sections)
    if chars > job.most_chars:
        return Result(fault=f"It has {chars} characters of text, more than {job.most_chars} (`max_file_chars`).")
    cutter = Cutter(job.chars, job.overlap)
    documents = tuple(cut for cut in map(cutter.cut, found.documents) if cut.pieces)
    if not documents:
        return Result(fault="It holds no text.", remarks=found.remarks)
    return Result(documents, remarks=found.remarks)


if __name__ == "__main__":
    main()
