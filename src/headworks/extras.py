"""What is imported only where it is configured: the parts that need an extra, which the base install does not have.

Beside `app.py`, whose part it is: the imports inside its functions are the only ones in the house.
"""

from typing import TYPE_CHECKING

from headworks.budgets.accounts.protocol import Accounts
from headworks.budgets.accounts.sqlite import SqliteAccounts
from headworks.cache.config import RoomSettings
from headworks.cache.index.config import QUESTIONS_FILE
from headworks.cache.local import LocalStore
from headworks.cache.outfit import Extras, Near
from headworks.cache.protocols import Outside, Place
from headworks.config import Config
from headworks.config.posting import posting
from headworks.core.clock import Clock
from headworks.core.errors import StoreError
from headworks.core.people.alerting import Alerts
from headworks.flags.evaluation.remote.ofrep import OfrepSource
from headworks.flags.evaluation.remote.remote import Pace, RemoteFlags
from headworks.flags.evaluation.remote.source import Source
from headworks.providers.outbound.http import Outbound
from headworks.storage.board import FileBoard, SharedBoard
from headworks.telemetry import TelemetrySettings

if TYPE_CHECKING:
    from headworks.cache.meaning.filed import FiledQuestions
    from headworks.cache.meaning.room import Meaning
    from headworks.cache.shared.relay import Relay
    from headworks.cache.shared.store import SharedStore
    from headworks.retrieval.keyword import KeywordSearch
    from headworks.telemetry.otel import Spans


def accounts(config: Config, clock: Clock) -> Accounts:
    """Where spending is counted: this machine's file, and the server that nodes share where there is one.

    Raises:
        StoreError: The client library is not installed.
    """
    local = SqliteAccounts(config.data_dir, clock)
    if config.shared is None:
        return local
    try:
        from headworks.budgets.accounts.shared.keeper import SharedAccounts  # noqa: PLC0415  an extra, absent from the base install
    except ImportError as error:
        raise StoreError("`shared` needs the Redis client: install headworks[redis].", retryable=False) from error
    url = config.shared.get_secret_value()
    return SharedAccounts(url, local, clock, on_failure=config.budgets.on_store_failure)


def remote_flags(config: Config, outbound: Outbound, clock: Clock, alerts: Alerts) -> RemoteFlags | None:
    """The system that is asked for flags which are not defined here; None where there is none.

    Raises:
        StoreError: The OpenFeature SDK is not installed.
    """
    settings = config.flags.provider
    if settings is None:
        return None
    pace = Pace(
        deadline_s=settings.deadline_s,
        timeout_s=settings.timeout_s,
        ttl_s=settings.ttl_s,
        most=settings.most_values,
    )
    if settings.url is not None:
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        source: Source = OfrepSource(settings.url, headers, settings.timeout_s, posting(outbound))
        return RemoteFlags(source, pace, clock, alerts)
    try:
        from headworks.flags.openfeature.source import SdkSource  # noqa: PLC0415  an extra, absent from the base install
    except ImportError as error:
        raise StoreError(
            "`flags.provider` of kind `python` needs the OpenFeature SDK: install headworks[flags].", retryable=False
        ) from error
    return RemoteFlags(SdkSource(settings.path or ""), pace, clock, alerts)


def keyword_search(config: Config, clock: Clock) -> "KeywordSearch | None":
    """Finds passages for ladders; None where no ladder asks for any.

    Raises:
        StoreError: A library that it needs is not installed.
    """
    if all(rung.level != "search" for feature in config.features.values() for rung in feature.ladder()):
        return None
    try:
        from headworks.retrieval.keyword import KeywordSearch  # noqa: PLC0415  an extra, absent from the base install
    except ImportError as error:
        raise StoreError("A ladder with `search` needs headworks[embed].", retryable=False) from error
    return KeywordSearch(config.data_dir, clock)


def board(config: Config, clock: Clock) -> FileBoard:
    """Where people's changes hang: this machine's file, and the server that nodes share where there is one."""
    if config.shared is None:
        return FileBoard(config.data_dir, clock)
    return SharedBoard(config.shared.get_secret_value(), config.data_dir, clock)


def shared_store(url: str | None, clock: Clock) -> "SharedStore | None":
    """The cache that nodes share; imported only where there is one.

    Raises:
        StoreError: The client library is not installed.
    """
    if url is None:
        return None
    try:
        from headworks.cache.shared.settings import SharedSettings  # noqa: PLC0415  an extra, absent from the base install
        from headworks.cache.shared.store import SharedStore  # noqa: PLC0415
    except ImportError as error:
        raise StoreError("`shared` needs the Redis client: install headworks[redis].", retryable=False) from error
    return SharedStore(url, SharedSettings(), clock)


def _relay(place: Place, near: Near, clock: Clock) -> "Relay | None":
    """What tells this node of what is purged in the cache that nodes share."""
    shared = shared_store(place.shared, clock)
    if shared is None:
        return None
    from headworks.cache.shared.relay import Relay  # noqa: PLC0415  an extra, absent from the base install

    return Relay(shared, near, place.data_dir, worker=place.worker)


def _meaning(
    place: Place,
    settings: RoomSettings,
    store: LocalStore,
    shared: "SharedStore | None",
    outside: Outside,
    clock: Clock,
) -> "Meaning":
    """The semantic cache, imported only when a feature wants it."""
    from headworks.cache.meaning.making import Stores, made_meaning  # noqa: PLC0415  an extra, absent from the base install

    return made_meaning(place, settings, Stores(store, shared), outside, clock)


def filed_questions(config: Config, clock: Clock) -> "FiledQuestions | None":
    """The questions that the data directory keeps, for upkeep; None where it keeps none.

    Raises:
        StoreError: It does, and a library that reads them is not installed.
    """
    if not (config.data_dir / QUESTIONS_FILE).exists():
        return None
    try:
        from headworks.cache.meaning.filed import FiledQuestions  # noqa: PLC0415  an extra, absent from the base install
    except ImportError as error:
        raise StoreError(
            f"{QUESTIONS_FILE} holds questions, and reading them needs headworks[embed].", retryable=False
        ) from error
    return FiledQuestions(config.data_dir, config.cache.index.disk_bytes, clock)


EXTRAS = Extras(relay=_relay, meaning=_meaning)


def spans(settings: TelemetrySettings) -> "Spans | None":
    """The OpenTelemetry exporter, imported only when an endpoint is configured."""
    if settings.otlp.endpoint is None:
        return None
    from headworks.telemetry.otel import Spans  # noqa: PLC0415  an extra, absent from the base install

    return Spans(settings.otlp)
