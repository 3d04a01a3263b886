"""Headworks asks providers of the OpenFeature SDK that a user has installed."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from headworks.core.errors import BadAskError, ProviderError
from headworks.core.people.alerting import Unheard
from headworks.flags.evaluation import Flags
from headworks.flags.evaluation.remote.remote import Pace, RemoteFlags
from headworks.flags.openfeature.source import SdkSource
from headworks.testing import FakeClock

MODULE = """
import threading
from openfeature.exception import ProviderFatalError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

hang = threading.Event()


def by_plan(flag, context):
    return FlagResolutionDetails(
        value=context.attributes.get("org") == "acme" and context.targeting_key == "anna",
        reason=Reason.TARGETING_MATCH,
        variant="by-context",
    )


def provider():
    return InMemoryProvider({
        "yes": InMemoryFlag("on", {"on": True, "off": False}, flag_metadata={"owner": "search"}),
        "text": InMemoryFlag("a", {"a": "A"}),
        "whole": InMemoryFlag("a", {"a": 5}),
        "part": InMemoryFlag("a", {"a": 0.5}),
        "thing": InMemoryFlag("a", {"a": {"top_k": 5}}),
        "context": InMemoryFlag("on", {"on": True}, context_evaluator=by_plan),
    })


class Fatal(InMemoryProvider):
    def initialize(self, context):
        raise ProviderFatalError("wrong key")


class Hanging(InMemoryProvider):
    def resolve_boolean_details(self, flag_key, default_value, evaluation_context=None):
        hang.wait()
        return FlagResolutionDetails(value=True)


def fatal():
    return Fatal({})


def hanging():
    return Hanging({})


def nothing():
    return object()
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "installed_flags.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "installed_flags"
    del sys.modules["installed_flags"]


async def ready(source: SdkSource, key: str, default: Any, context: Any) -> Any:
    """Ask until the SDK's thread has made the provider ready."""
    while True:
        with suppress(ProviderError):
            return await source.look_up(key, default, context)


async def test_values_of_every_type(module: str):
    source = SdkSource(f"{module}:provider")
    await source.start()
    wanted = {
        "yes": (False, True),
        "text": ("x", "A"),
        "whole": (1, 5),
        "part": (0.1, 0.5),
        "thing": ({}, {"top_k": 5}),
    }
    for key, (default, value) in wanted.items():
        found = await ready(source, key, default, {})
        assert (found.value, type(found.value), found.reason) == (value, type(value), "STATIC")
    assert (await source.look_up("yes", False, {})).metadata == {"owner": "search"}
    await source.stop()


async def test_the_context_arrives(module: str):
    source = SdkSource(f"{module}:provider")
    await source.start()
    found = await ready(source, "context", False, {"org": "acme", "targetingKey": "anna", "team": None})
    assert (found.value, found.variant, found.reason) == (True, "by-context", "TARGETING_MATCH")
    assert (await source.look_up("context", False, {"org": "beta", "targetingKey": "anna"})).value is False
    await source.stop()


async def test_errors_of_flags_are_answers(module: str):
    source = SdkSource(f"{module}:provider")
    await source.start()
    assert (await ready(source, "none", False, {})).error_code == "FLAG_NOT_FOUND"
    assert (await source.look_up("text", 5, {})).error_code == "TYPE_MISMATCH"
    await source.stop()


async def test_one_that_does_not_start_counts_as_away(module: str):
    source = SdkSource(f"{module}:fatal")
    with pytest.raises(ProviderError, match="not ready"):
        await source.look_up("yes", False, {})
    await source.start()
    said = ""
    while "PROVIDER_FATAL" not in said:
        with pytest.raises(ProviderError) as caught:
            await source.look_up("yes", False, {})
        said = caught.value.message
    await source.stop()


@pytest.mark.parametrize("path", ["no_such_module_here:x", "installed_flags:missing", "installed_flags:nothing"])
async def test_a_path_that_makes_no_provider_is_said_at_the_start(module: str, path: str):
    with pytest.raises(BadAskError, match=r"flags\.provider\.path"):
        await SdkSource(path).start()
    __import__(module)


async def test_one_that_hangs_holds_a_thread_and_no_call(module: str):
    source = SdkSource(f"{module}:hanging")
    flags = Flags()
    flags.remote = remote = RemoteFlags(source, Pace(deadline_s=0.01, timeout_s=0.05), FakeClock(), Unheard())
    await remote.start()
    await ready(source, "none", "text", {})
    found = await flags.resolved("yes", False, {})
    assert (found.value, found.error_code) == (False, "GENERAL")
    sys.modules[module].hang.set()
    await remote.stop()
