"""Make the semantic cache of a process from its settings. Needs the extra `embed`: imported only where it is wanted."""

import random

from headworks.cache.config import RoomSettings
from headworks.cache.embedding.embedder import Embedder
from headworks.cache.embedding.endpoint import EndpointEmbedder
from headworks.cache.embedding.local import LocalEmbedder
from headworks.cache.embedding.remembered import RememberedEmbedder
from headworks.cache.index.kept import SemanticIndex
from headworks.cache.meaning.known import describe
from headworks.cache.meaning.room import Meaning
from headworks.cache.protocols import Outside, Place, Store
from headworks.core.clock import Clock

LEARNED_FILE = "semantic-learned"


def made_meaning(place: Place, settings: RoomSettings, store: Store, outside: Outside, clock: Clock) -> Meaning:
    """The semantic cache, not started.

    Args:
        place: Where its files lie.
        settings: The embedding model, and limits.
        store: Holds the answers.
        outside: Asks models and the embedding endpoint.
        clock: Source of time.
    """
    embedder = RememberedEmbedder(_embedder(settings, outside, clock), settings.embedding.remembered_bytes)
    index = SemanticIndex(place.data_dir, settings.index, embedder, clock, describe, worker=place.worker)
    learned = place.data_dir / f"{LEARNED_FILE}-{place.worker}"
    return Meaning(embedder, index, store, outside.again, learned, random.SystemRandom(), outside.consult)


def _embedder(settings: RoomSettings, outside: Outside, clock: Clock) -> Embedder:
    endpoint = settings.embedding.endpoint
    if endpoint is None:
        return LocalEmbedder(settings.embedding, clock)
    return EndpointEmbedder(endpoint, outside.embeddings, settings.embedding.timeout_s)
