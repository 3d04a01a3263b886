"""Settings of one provider, and the link they make.

A provider is a row of the catalog, with what differs here, or is described here alone by its dialect and base URL.
Error texts of this file never repeat a value: it may be a secret.
"""

import re
from difflib import get_close_matches
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from headworks.providers.catalog import Capability, Row, rows
from headworks.providers.link import Auth, Link, Timeouts
from headworks.providers.local.config import LocalSettings

LOCAL_ROW = "local"
"""The catalog row of the model that the gateway runs itself."""

NO_KEY = "none"
USUAL: frozenset[Capability] = frozenset({"chat", "completion", "embedding", "stream_usage"})
"""What a provider that is described in the config alone is taken to offer."""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]+")
_KEY = re.compile(r"[\x21-\x7e]+")
_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding", "expect"}
)
_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class TimeoutSettings(BaseModel):
    """How long to wait for a provider. Seconds. What is left out follows the latency pattern of the feature."""

    model_config = _SETTINGS

    connect_s: float | None = Field(default=None, gt=0, le=86_400)
    """Until the connection stands."""

    first_byte_s: float | None = Field(default=None, gt=0, le=86_400)
    """Until the reply begins."""

    idle_s: float | None = Field(default=None, gt=0, le=86_400)
    """Between two events of a stream."""

    total_s: float | None = Field(default=None, gt=0, le=86_400)
    """For one call of the provider as a whole."""

    def timeouts(self) -> Timeouts:
        """The same for the calls."""
        return Timeouts(**self.model_dump())


class LocalModelSettings(BaseModel):
    """How the local model runs. Only for the provider whose catalog row is `local`."""

    model_config = _SETTINGS

    model_path: str | None = Field(default=None, min_length=1)
    """A GGUF file. Left out: the small model that is installed as a package."""

    context_tokens: int = Field(default=2048, ge=128)
    """Tokens of one call, prompt and answer together."""

    parallel: int = Field(default=2, ge=1, le=64)
    """Calls answered at once; further ones wait."""

    threads: int = Field(default=1, ge=1, le=256)
    """Threads that compute. More than there are idle cores slows every answer."""

    idle_s: float = Field(default=900.0, ge=0)
    """Seconds without a call after which the model leaves memory; 0 keeps it."""

    def runtime(self) -> LocalSettings:
        """The same for the local model's own code."""
        return LocalSettings(**self.model_dump())


class ProviderSettings(BaseModel):
    """One provider: a row of the catalog, or `dialect` and `base_url`."""

    model_config = _SETTINGS

    catalog: str | None = None
    """Row of the catalog that says address, dialect, header and capabilities."""

    dialect: Literal["openai", "anthropic", "gemini"] | None = None
    """Wire format, for a provider that is not in the catalog."""

    base_url: str | None = None
    """Address that the dialect's paths are appended to. With `catalog`, it replaces the row's."""

    api_key: SecretStr | None = None
    """The key: `${NAME}` from the environment, `file:PATH`, or `none` for a provider without keys."""

    api_keys: tuple[SecretStr, ...] | None = Field(default=None, min_length=1)
    """Several keys, used in turn; instead of `api_key`."""

    auth: Auth | None = None
    """Header that carries the key, where it is not the row's (without a row: the dialect's own)."""

    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """Further headers sent on every call. Their values are treated as secrets."""

    timeouts: TimeoutSettings = TimeoutSettings()
    """How long to wait."""

    max_concurrency: int = Field(default=4096, ge=1, le=100_000)
    """Calls at once at most. Below it the limit adapts: down on 429 and slowness, up while the provider keeps up."""

    capabilities: frozenset[Capability] | None = None
    """What may be asked of it, where it is not the row's."""

    price_id: str | None = Field(default=None, min_length=1)
    """Its id in the price library, where it is not the row's."""

    local: LocalModelSettings | None = None
    """How the local model runs. Only with `catalog: local`."""

    @field_validator("catalog")
    @classmethod
    def _row_exists(cls, name: str | None) -> str | None:
        if name is not None and name not in rows():
            close = get_close_matches(name, rows(), n=1)
            raise PydanticCustomError(
                "unknown_row",
                "the catalog has no row of this name; a provider that is not in it needs `dialect` and `base_url`",
                {"suggestion": close[0] if close else None},
            )
        return name

    @field_validator("base_url")
    @classmethod
    def _usable_url(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url)

    @field_validator("api_key")
    @classmethod
    def _usable_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            _check_key(key)
        return key

    @field_validator("api_keys")
    @classmethod
    def _usable_keys(cls, keys: tuple[SecretStr, ...] | None) -> tuple[SecretStr, ...] | None:
        for key in keys or ():
            _check_key(key)
            if key.get_secret_value() == NO_KEY:
                raise ValueError("`none` stands alone: write `api_key: none`")
        return keys

    @field_validator("headers")
    @classmethod
    def _usable_headers(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, value in headers.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError("a header name has characters that HTTP does not allow")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"the header `{name.lower()}` is set by the gateway itself")
            if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
                raise ValueError("a header value must be printable ASCII on one line, and not empty")
        return headers

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.catalog is None and self.dialect is None:
            raise ValueError("needs `catalog`, or `dialect` and `base_url`")
        if self.catalog is not None and self.dialect is not None:
            raise ValueError("`catalog` says the dialect: leave out `dialect`")
        if self.api_key is not None and self.api_keys is not None:
            raise ValueError("write `api_key` or `api_keys`, not both")
        if self.local is not None and self.catalog != LOCAL_ROW:
            raise ValueError("`local` goes only with `catalog: local`")
        self._check_address()
        self._check_key_given()
        return self

    def _check_address(self) -> None:
        given = self.base_url or (self.row.base_url if self.row else "")
        if not given and self.catalog != LOCAL_ROW:
            raise ValueError("needs `base_url`: only you know the address of this provider")

    def _check_key_given(self) -> None:
        if self.api_key is not None or self.api_keys is not None or self.auth == "none":
            return
        if self.row is None:
            raise ValueError("needs `api_key`; write `api_key: none` for a provider without keys")
        if self.row.auth != "none":
            example = self.row.key_env[0] if self.row.key_env else "NAME"
            raise ValueError(f'needs `api_key`, for example `api_key: "${{{example}}}"`')

    @property
    def row(self) -> Row | None:
        """The catalog row it comes from."""
        return rows()[self.catalog] if self.catalog else None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in plain text; empty for a provider without keys."""
        given = self.api_keys or ((self.api_key,) if self.api_key else ())
        return tuple(key.get_secret_value() for key in given if key.get_secret_value() != NO_KEY)

    def link(self, name: str) -> Link:
        """What the calls need, under the provider's name in the config. Holds the keys in plain text."""
        row = self.row
        habits = self._habits()
        capabilities = (
            self.capabilities if self.capabilities is not None else (habits.capabilities if habits else USUAL)
        )
        return Link(
            name=name,
            dialect=row.dialect if row else (self.dialect or ""),
            base_url=self.base_url or (row.base_url if row else ""),
            keys=self.keys,
            auth=self._auth(),
            headers={header.lower(): value.get_secret_value() for header, value in self.headers.items()},
            capabilities=frozenset(capabilities),
            price_id=self.price_id or (row.price_id if row else None),
            catalog=self.catalog,
            timeouts=self.timeouts.timeouts(),
            most_calls=self.max_concurrency,
        )

    def _auth(self) -> Auth:
        if not self.keys:
            return "none"
        if self.auth is not None:
            return self.auth
        # A server that needs no key by itself (a row with `none`) may still have been given one.
        habits = self._habits()
        return habits.auth if habits and habits.auth != "none" else "bearer"

    def _habits(self) -> Row | None:
        """The row whose header and capabilities count where the config says none: its own, else its dialect's maker's.

        The dialect that many servers speak has no such maker: they differ, so only the usual is taken for granted.
        """
        return self.row or (None if self.dialect == "openai" else rows()[self.dialect or ""])


def _check_key(key: SecretStr) -> None:
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ValueError("a key must be printable ASCII without spaces, and not empty")


def _checked_url(url: str) -> str:
    """`url` without a slash at its end.

    Raises:
        ValueError: It could send keys elsewhere than it seems to, or is not a web address.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("a base URL must be printable ASCII without spaces")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("this is not a web address") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("a base URL begins with http:// or https:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("a base URL must not hold a user or a password; use `api_key` or `headers`")
    if "?" in url or "#" in url:
        raise ValueError("a base URL must not have a query or a fragment")
    if "\\" in url:
        raise ValueError("a base URL must not have a backslash")
    return url.rstrip("/")
