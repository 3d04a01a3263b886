"""The scenarios that OpenFeature's specification has for evaluating flags, played through the SDK on our provider.

Source: specification/assets/gherkin/evaluation.feature and evaluation_v2.feature of
https://github.com/open-feature/spec (Apache-2.0, read 2026-11-24). Each test plays one scenario, its examples as our
own tables; its text is not repeated here. `CACHED` is played in `test_ofrep_both_ways.py`: this provider keeps nothing.
"""

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, GeneralError, ProviderFatalError
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagEvaluationOptions, Reason
from openfeature.hook import Hook
from openfeature.provider import ProviderStatus
from tests.contract.openfeature.conftest import PICTURES

from headworks.flags.evaluation import Flags
from headworks.flags.openfeature.provider import HeadworksProvider

BALLMER = EvaluationContext(attributes={"email": "ballmer@macrosoft.com"})
NOBODY = EvaluationContext(attributes={"email": "ballmer@none.com"})
PLAIN = [
    ("boolean-flag", "boolean", False, True, "on"),
    ("string-flag", "string", "bye", "hi", "greeting"),
    ("integer-flag", "integer", 1, 10, "ten"),
    ("float-flag", "float", 0.1, 0.5, "half"),
    ("object-flag", "object", {}, PICTURES, "template"),
]
ZEROS = [
    ("boolean", True, False),
    ("string", "hi", ""),
    ("integer", 1, 0),
    ("float", 0.1, 0.0),
    ("object", {"a": 1}, {}),
]
DEFAULTS = [("boolean", False), ("string", "bye"), ("integer", 1), ("float", 0.1), ("object", {"a": 1})]


def asked(
    client: OpenFeatureClient, kind: str, key: str, default: Any, context: EvaluationContext | None = None, **more: Any
) -> FlagEvaluationDetails[Any]:
    found: FlagEvaluationDetails[Any] = getattr(client, f"get_{kind}_details")(key, default, context, **more)
    return found


@pytest.mark.parametrize(("key", "kind", "default", "value", "variant"), PLAIN)
def test_values_and_details(client: OpenFeatureClient, key: str, kind: str, default: Any, value: Any, variant: str):
    assert getattr(client, f"get_{kind}_value")(key, default) == value
    found = asked(client, kind, key, default)
    assert (found.value, found.flag_key, found.variant, found.reason) == (value, key, variant, Reason.STATIC)
    assert type(found.value) is type(value)
    assert found.error_code is None


@pytest.mark.parametrize(("kind", "default", "zero"), ZEROS)
def test_zero_values(client: OpenFeatureClient, kind: str, default: Any, zero: Any):
    found = asked(client, kind, f"{kind}-zero-flag", default)
    assert (found.value, type(found.value), found.reason) == (zero, type(zero), Reason.STATIC)


@pytest.mark.parametrize(("kind", "default", "zero"), ZEROS)
@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (BALLMER, Reason.TARGETING_MATCH),
        (NOBODY, Reason.DEFAULT),
        (None, Reason.DEFAULT),
        (EvaluationContext(attributes={"email": None}), Reason.DEFAULT),  # type: ignore[dict-item]
    ],
    ids=["match", "no match", "empty context", "null in the context"],
)
def test_zero_values_with_targeting(
    client: OpenFeatureClient, kind: str, default: Any, zero: Any, context: EvaluationContext | None, reason: Reason
):
    found = asked(client, kind, f"{kind}-targeted-zero-flag", default, context)
    assert (found.value, type(found.value), found.reason) == (zero, type(zero), reason)


@pytest.mark.parametrize(("kind", "default"), DEFAULTS)
def test_a_flag_that_does_not_exist(client: OpenFeatureClient, kind: str, default: Any):
    found = asked(client, kind, "non-existent-flag", default)
    assert (found.value, found.reason, found.error_code) == (default, Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)


@pytest.mark.parametrize(
    ("key", "kind", "default"),
    [
        ("boolean-flag", "string", "bye"),
        ("boolean-flag", "integer", 1),
        ("boolean-flag", "float", 0.1),
        ("string-flag", "boolean", False),
        ("string-flag", "integer", 1),
        ("string-flag", "object", {}),
        ("wrong-flag", "integer", 13),
        ("float-flag", "integer", 1),
    ],
)
def test_a_value_of_another_type(client: OpenFeatureClient, key: str, kind: str, default: Any):
    found = asked(client, kind, key, default)
    assert (found.value, found.reason, found.error_code) == (default, Reason.ERROR, ErrorCode.TYPE_MISMATCH)


def test_a_decision_by_the_context(client: OpenFeatureClient):
    attributes = {"fn": "Sulisław", "ln": "Świętopełk", "age": 29, "customer": "false"}
    assert client.get_string_value("context-aware", "EXTERNAL", EvaluationContext(attributes=attributes)) == "INTERNAL"
    assert client.get_string_value("context-aware", "EXTERNAL") == "EXTERNAL"


def test_several_attributes(client: OpenFeatureClient):
    attributes = {"email": "ballmer@macrosoft.com", "role": "admin", "age": 65, "customer": False}
    found = asked(client, "string", "context-aware", "false", EvaluationContext(attributes=attributes))
    assert (found.value, found.reason) == ("INTERNAL", Reason.TARGETING_MATCH)


@pytest.mark.parametrize(("kind", "default"), [("boolean", False), ("string", "bye")])
def test_a_disabled_flag(client: OpenFeatureClient, kind: str, default: Any):
    found = asked(client, kind, f"{kind}-disabled-flag", default)
    assert (found.value, found.reason) == (default, Reason.DISABLED)


def test_metadata(client: OpenFeatureClient):
    found = asked(client, "boolean", "metadata-flag", True)
    assert found.flag_metadata == {"string": "1.0.2", "integer": 2, "float": 0.1, "boolean": True}


def test_the_message_of_an_error(client: OpenFeatureClient):
    found = asked(client, "boolean", "error-flag", False)
    assert found.reason == Reason.ERROR
    assert "flag error-flag not found" in str(found.error_message)


class Troubled(HeadworksProvider):
    """Ours, in a state that a scenario asks for: what `initialize` does is given."""

    def __init__(self, flags: Flags, getting_ready: Callable[[], None]) -> None:
        super().__init__(flags)
        self._getting_ready = getting_ready

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        self._getting_ready()
        super().initialize(evaluation_context)


def _raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.fixture
def not_ready(flags: Flags) -> Iterator[OpenFeatureClient]:
    """A provider that is getting ready for as long as the test lasts."""
    done = threading.Event()
    api.set_provider(Troubled(flags, lambda: done.wait() and None))
    yield api.get_client()
    done.set()
    api.shutdown()


@pytest.fixture
def fatal(flags: Flags) -> Iterator[OpenFeatureClient]:
    """A provider that will never be ready."""
    with pytest.raises(ProviderFatalError):
        api.set_provider_and_wait(Troubled(flags, _raising(ProviderFatalError("no"))))
    yield api.get_client()
    api.shutdown()


@pytest.mark.parametrize(("key", "kind", "default", "value", "variant"), PLAIN)
def test_a_provider_that_is_not_ready(
    not_ready: OpenFeatureClient, key: str, kind: str, default: Any, value: Any, variant: str
):
    found = asked(not_ready, kind, key, default)
    assert (found.value, found.reason, found.error_code) == (default, Reason.ERROR, ErrorCode.PROVIDER_NOT_READY)


@pytest.mark.parametrize(("key", "kind", "default", "value", "variant"), PLAIN)
def test_a_provider_that_will_never_be_ready(
    fatal: OpenFeatureClient, key: str, kind: str, default: Any, value: Any, variant: str
):
    found = asked(fatal, kind, key, default)
    assert (found.value, found.reason, found.error_code) == (default, Reason.ERROR, ErrorCode.PROVIDER_FATAL)


def test_the_status_of_a_provider(client: OpenFeatureClient, flags: Flags):
    assert client.get_provider_status() == ProviderStatus.READY
    with pytest.raises(GeneralError):
        api.set_provider_and_wait(Troubled(flags, _raising(GeneralError("no"))))
    assert client.get_provider_status() == ProviderStatus.ERROR
    stale = HeadworksProvider(flags)
    api.set_provider_and_wait(stale)
    stale.emit_provider_stale(ProviderEventDetails())
    assert client.get_provider_status() == ProviderStatus.STALE


def test_the_status_of_one_that_is_not_ready(not_ready: OpenFeatureClient):
    assert not_ready.get_provider_status() == ProviderStatus.NOT_READY


def test_the_status_of_one_that_never_will_be(fatal: OpenFeatureClient):
    assert fatal.get_provider_status() == ProviderStatus.FATAL


def test_hooks_of_one_evaluation(client: OpenFeatureClient):
    seen: list[str] = []

    class Noting(Hook):
        def __init__(self, name: str) -> None:
            self._name = name

        def before(self, hook_context: Any, hints: Any) -> None:
            seen.append(f"before {self._name}")

        def after(self, hook_context: Any, details: Any, hints: Any) -> None:
            seen.append(f"after {self._name}")

    options = FlagEvaluationOptions(hooks=[Noting("one"), Noting("two")])
    asked(client, "boolean", "boolean-flag", False, flag_evaluation_options=options)
    assert seen == ["before one", "before two", "after two", "after one"]


def test_neither_the_context_nor_the_flag_is_changed(client: OpenFeatureClient):
    context = EvaluationContext("u", {"email": "a@x.com", "list": [1, {"a": 2}]})
    before = copy.deepcopy(context)
    found = asked(client, "object", "object-flag", {}, context)
    assert context == before
    found.value["title"] = "changed"
    asked(client, "boolean", "metadata-flag", False).flag_metadata["string"] = "changed"  # type: ignore[index]
    assert asked(client, "object", "object-flag", {}).value == PICTURES
    assert asked(client, "boolean", "metadata-flag", False).flag_metadata["string"] == "1.0.2"


@pytest.mark.parametrize("key", ["async-flag", "boolean-flag"])
async def test_evaluating_asynchronously(client: OpenFeatureClient, key: str):
    assert await client.get_boolean_details_async(key, False) == asked(client, "boolean", key, False)


def test_a_change_of_flags_is_told_to_the_application(client: OpenFeatureClient, flags: Flags):
    told: list[Any] = []
    client.add_handler(api.ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, told.append)
    flags.fit({"boolean-flag": {"type": "boolean", "default": "off"}}, text=False)
    assert "boolean-flag" in told[0].flags_changed
    assert client.get_boolean_value("boolean-flag", True) is False


def test_a_split_needs_a_targeting_key(client: OpenFeatureClient, flags: Flags):
    flags.fit({"halves": {"type": "boolean", "rules": [{"split": {"on": 50, "off": 50}}]}}, text=False)
    assert asked(client, "boolean", "halves", True).error_code == ErrorCode.TARGETING_KEY_MISSING
    assert asked(client, "boolean", "halves", True, EvaluationContext("zoë")).reason == Reason.SPLIT
