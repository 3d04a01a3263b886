"""What turns texts into vectors, as the rooms see it, and the ways in which it fails."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    Vectors = np.ndarray[Any, np.dtype[np.float32]]


class EmbedderError(Exception):
    """A text has no vector now. The message is a sentence for people, without the text."""


class EmbedderMissingError(EmbedderError):
    """The model or its runtime is not installed: no text will ever have a vector."""


class EmbedderBusyError(EmbedderError):
    """More texts are waiting than will be done in time."""


class PartlyReadError(EmbedderError):
    """The model does not read all of a text: it is too long, or has signs that the model does not know.

    Its vector would be that of other texts, too, which differ from it in what was not read.
    """


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Of the model. Vectors of models with different names are never compared."""

    @property
    def dims(self) -> int:
        """Length of its vectors."""

    async def start(self) -> None:
        """Get ready.

        Raises:
            EmbedderMissingError: What it needs is not installed.
        """

    async def stop(self) -> None:
        """Let go of what it holds. Texts under way fail."""

    async def embed(self, texts: Sequence[str]) -> "Vectors":
        """One row of length one (float32, `dims` columns) for each text.

        Raises:
            EmbedderError: It is missing, broken, busy, or does not answer in time, or cannot read a text whole.
        """
