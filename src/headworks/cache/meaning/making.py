"""Make the semantic cache of a process from its settings. Needs the extra `embed`: imported only where it is wanted."""

import random
from typing import Protocol

from msgspec import Struct

from headworks.cache.config import RoomSettings
from headworks.cache.index.kept import SemanticIndex
from headworks.cache.meaning.answers import Answers
from headworks.cache.meaning.known import describe
from headworks.cache.meaning.nodes import FEED, Feed, SharedIndex
from headworks.cache.meaning.parts import KeptIndex
from headworks.cache.meaning.room import Meaning
from headworks.cache.protocols import Outside, Place, Shared, Store
from headworks.core.clock import Clock
from headworks.embedding.embedder import Embedder
from headworks.embedding.endpoint import EndpointEmbedder
from headworks.embedding.local import LocalEmbedder
from headworks.embedding.remembered import RememberedEmbedder

LEARNED_FILE = "semantic-learned"


class SharedServer(Shared, Protocol):
    """The server that nodes share; see `cache.shared.store.SharedStore`."""

    def feed(self, name: str, most_items: int = 100_000) -> Feed:
        """A feed that all nodes add to and follow."""


class Stores(Struct, frozen=True):
    """Where answers lie: on this node, and on the server that nodes share."""

    local: Store
    shared: SharedServer | None


def made_meaning(place: Place, settings: RoomSettings, stores: Stores, outside: Outside, clock: Clock) -> Meaning:
    """The semantic cache, not started.

    Args:
        place: Where its files lie.
        settings: The embedding model, and limits.
        stores: Hold the answers.
        outside: Asks models and the embedding endpoint.
        clock: Source of time.
    """
    embedder = RememberedEmbedder(_embedder(settings, outside, clock), settings.embedding.remembered_bytes)
    index: KeptIndex = SemanticIndex(place.data_dir, settings.index, embedder, clock, describe, worker=place.worker)
    if stores.shared is not None:
        index = SharedIndex(index, stores.shared.feed(FEED), lambda: embedder.name, embedder.dims)
    answers = Answers(stores.local, stores.shared, index)
    learned = place.data_dir / f"{LEARNED_FILE}-{place.worker}"
    return Meaning(embedder, index, answers, outside.again, learned, random.SystemRandom(), outside.consult)


def _embedder(settings: RoomSettings, outside: Outside, clock: Clock) -> Embedder:
    endpoint = settings.embedding.endpoint
    if endpoint is None:
        return LocalEmbedder(settings.embedding, clock)
    return EndpointEmbedder(endpoint, outside.embeddings, settings.embedding.timeout_s)
