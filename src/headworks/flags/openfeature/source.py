"""Flags of any provider of the OpenFeature SDK that the user has installed: flagd, LaunchDarkly, Unleash and others.

Their look-ups are blocking calls as far as the SDK is concerned, so they are made in threads of their own; a provider
that hangs holds a thread, never the gateway.
"""

import asyncio
import importlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagEvaluationDetails
from openfeature.provider import FeatureProvider

from headworks.core.errors import BadAskError, ProviderError
from headworks.flags.evaluation.details import TARGETING_KEY, Context, Details, Reason, failed
from headworks.flags.evaluation.details import ErrorCode as Code

_DOMAIN = "headworks"
_THREADS = 4
_AWAY = frozenset([ErrorCode.PROVIDER_NOT_READY, ErrorCode.PROVIDER_FATAL, ErrorCode.GENERAL])


class SdkSource:
    """Satisfies `Source`.

    Args:
        path: `package.module:factory`; the factory takes nothing and makes the provider.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = path
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="flags")
        self._client: OpenFeatureClient | None = None

    async def start(self) -> None:
        """Make the provider, and let it get ready beside everything else.

        Raises:
            BadAskError: `path` names nothing that can be called, or what it makes is no provider.
        """
        api.set_provider(self._made(), _DOMAIN)  # gets ready in a thread of the SDK's; until then it is away
        self._client = api.get_client(_DOMAIN)

    async def stop(self) -> None:
        """Shut the provider down."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, api.clear_providers)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def look_up(self, key: str, default: Any, context: Context) -> Details:
        """What a context gets."""
        client = self._client
        if client is None:
            raise ProviderError(f"The provider of flags {self._path} is not ready.")
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _asked, client, key, default, context)
        if found.error_code in _AWAY:
            raise ProviderError(f"The provider of flags {self._path} says {found.error_code}.")
        return _read(key, found)

    def _made(self) -> FeatureProvider:
        module, _, name = self._path.partition(":")
        try:
            factory: Callable[[], Any] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise BadAskError(f"`flags.provider.path`: {self._path} cannot be imported: {error}.") from error
        provider: FeatureProvider = factory()
        if not hasattr(provider, "resolve_boolean_details"):
            raise BadAskError(f"`flags.provider.path`: {self._path} does not make an OpenFeature provider.")
        return provider


def _asked(client: OpenFeatureClient, key: str, default: Any, context: Context) -> FlagEvaluationDetails[Any]:
    """Ask by the type of the default. Blocks."""
    given = {name: value for name, value in context.items() if value is not None and name != TARGETING_KEY}
    targeting_key = context.get(TARGETING_KEY)
    about = EvaluationContext(targeting_key if isinstance(targeting_key, str) else None, given)  # type: ignore[arg-type]
    ask: Callable[..., FlagEvaluationDetails[Any]]
    if isinstance(default, bool):
        ask = client.get_boolean_details
    elif isinstance(default, str):
        ask = client.get_string_details
    elif isinstance(default, int):
        ask = client.get_integer_details
    elif isinstance(default, float):
        ask = client.get_float_details
    else:
        ask = client.get_object_details
    return ask(key, default, about)


def _read(key: str, found: FlagEvaluationDetails[Any]) -> Details:
    if found.error_code is not None:
        said = found.error_code.value
        code: Code = said if said in get_args(Code) else "GENERAL"  # type: ignore[assignment]
        return failed(key, code, found.error_message or f"the provider of flags says {code}")
    words = str(found.reason)
    reason: Reason = words if words in get_args(Reason) else "UNKNOWN"  # type: ignore[assignment]
    value = dict(found.value) if isinstance(found.value, Mapping) else found.value
    return Details(key=key, value=value, variant=found.variant, reason=reason, metadata=dict(found.flag_metadata))
