"""Settings of flags: those that the config file defines, and who is asked for others."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from headworks.flags.evaluation.flag import read_flag
from headworks.flags.evaluation.reading import BadFlagError, Fault

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ValueError("should be an address such as https://flags.example.com; keys belong into `headers`")
    return url


def _factory(path: str) -> str:
    if not _FACTORY.fullmatch(path):
        raise ValueError("should name a function that makes the provider, such as `my_package.flags:provider`")
    return path


class FlagProviderSettings(BaseModel):
    """A system that evaluates flags which are defined neither here nor on the board."""

    model_config = _SETTINGS

    kind: Literal["ofrep", "python"]
    """`ofrep`: anything that speaks the OpenFeature Remote Evaluation Protocol. `python`: a provider of the OpenFeature
    SDK that you have installed."""

    url: Annotated[str, AfterValidator(_web_address)] | None = None
    """For `ofrep`: its address, without `/ofrep/v1`."""

    headers: dict[str, SecretStr] = {}
    """For `ofrep`: headers of every request, such as its key."""

    path: Annotated[str, AfterValidator(_factory)] | None = None
    """For `python`: the function without arguments that makes the provider, `package.module:factory`."""

    deadline_s: float = Field(default=0.05, gt=0, le=5)
    """Seconds that a call may wait for a value that was never known. Afterwards its default is in force."""

    timeout_s: float = Field(default=2.0, gt=0, le=60)
    """Seconds after which a lookup beside the calls has failed."""

    ttl_s: float = Field(default=30.0, ge=1, le=86_400)
    """Seconds after which a value is asked for again. Until then, and while that is under way, it is in force."""

    most_values: int = Field(default=10_000, ge=1, le=1_000_000)
    """How many values are remembered, one for each flag and context."""

    @model_validator(mode="after")
    def _whole(self) -> "FlagProviderSettings":
        wanted, other = ("url", "path") if self.kind == "ofrep" else ("path", "url")
        if getattr(self, wanted) is None or getattr(self, other) is not None:
            raise ValueError(f"`kind: {self.kind}` needs `{wanted}`, and has no `{other}`")
        return self


class FlagSettings(BaseModel):
    """Flags: which variant of something a call gets."""

    model_config = _SETTINGS

    definitions: dict[str, Any] = {}
    """Flags by name, as docs/flags.md describes them. Those that stand here cannot be changed at run time."""

    provider: FlagProviderSettings | None = None
    """Who is asked for flags that are not defined in Headworks. Left out: nobody."""

    @field_validator("definitions")
    @classmethod
    def _usable(cls, definitions: dict[str, Any]) -> dict[str, Any]:
        faults: list[InitErrorDetails] = []
        for name, raw in definitions.items():
            try:
                read_flag(name, raw, text=True)
            except BadFlagError as error:
                faults += [_complaint(name, fault) for fault in error.faults]
        if faults:
            raise ValidationError.from_exception_data("definitions", faults)
        return definitions

    def secrets(self) -> list[str]:
        """What must never be shown."""
        headers = self.provider.headers if self.provider is not None else {}
        return [value.get_secret_value() for value in headers.values()]


def _complaint(name: str, fault: Fault) -> InitErrorDetails:
    """The fault at its place in the file."""
    kind = PydanticCustomError("value_error", "{sentence}", {"sentence": fault.sentence})
    return InitErrorDetails(type=kind, loc=(name, *fault.place), input=None)
