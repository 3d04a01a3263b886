"""A provider for the OpenFeature SDK over Headworks' own evaluation, for applications in the same process.

Satisfies https://openfeature.dev/specification/sections/providers (read 2026-11-24). Values of objects are copies, so
that an application may change what it gets.
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata

from headworks.flags.evaluation.details import TARGETING_KEY, Context, Details
from headworks.flags.evaluation.engine import Flags

T = TypeVar("T")
Objects = Sequence[FlagValueType] | Mapping[str, FlagValueType]


class HeadworksProvider(AbstractProvider):
    """Evaluates `flags`.

    Args:
        flags: Those in force. Fill it with `Flags.fit(definitions, text=False)` where no gateway does.
    """

    def __init__(self, flags: Flags) -> None:
        super().__init__()
        self._flags = flags

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Tell the SDK of changes from now on."""
        self._flags.watch(self._heard)

    def shutdown(self) -> None:
        """Tell it no more."""
        self._flags.unwatch(self._heard)

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata(name="headworks")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001  the SDK's signature
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """The value of a flag of type boolean."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """The value of a flag of type string."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """The value of a flag of type number, where it is whole."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """The value of a flag of type number."""
        return self._resolved(flag_key, float(default_value), evaluation_context)

    def resolve_object_details(
        self, flag_key: str, default_value: Objects, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Objects]:
        """The value of a flag of type object."""
        return self._resolved(flag_key, default_value, evaluation_context)

    def _resolved(self, key: str, default: T, context: EvaluationContext | None) -> FlagResolutionDetails[T]:
        found = self._flags.details(key, default, plain_context(context))
        return resolution(found)

    def _heard(self, names: list[str]) -> None:
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=names))


def plain_context(context: EvaluationContext | None) -> Context:
    """The SDK's context as ours."""
    if context is None:
        return {}
    return {**context.attributes, TARGETING_KEY: context.targeting_key or context.attributes.get(TARGETING_KEY)}


def resolution(details: Details) -> FlagResolutionDetails[Any]:
    """Our details as the SDK's."""
    value = details.value
    return FlagResolutionDetails(
        value=copy.deepcopy(value) if isinstance(value, dict | list) else value,
        error_code=None if details.error_code is None else ErrorCode(details.error_code),
        error_message=details.error_message,
        reason=details.reason,
        variant=details.variant,
        flag_metadata=dict(details.metadata),
    )
