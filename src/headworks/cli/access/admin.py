"""The admin API of a running gateway, as the commands use it."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import msgspec
from msgspec import Struct

from headworks.core.errors import BadAskError, HeadworksError, ProviderError

T = TypeVar("T")
_TIMEOUT_S = 30.0
_NO_CONTENT = 204
_PREFIX = "/admin/v1"


class Page(Struct):
    """A page of a list, and the cursor of the next one."""

    data: list[dict[str, Any]]
    next: str | None = None


class AdminApi:
    """Calls `/admin/v1` of one gateway. Redirects are not followed, so the key goes nowhere else.

    Args:
        url: The gateway's address, `http://127.0.0.1:8080`.
        key: The admin key.

    Raises:
        BadAskError: `url` is no web address, or the key cannot stand in a header.
    """

    def __init__(self, url: str, key: str) -> None:
        parts = _address(url)
        if not key.isascii() or not key.isprintable():
            raise BadAskError("The admin key holds characters that no key has.")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = parts.netloc
        self._root = parts.path.rstrip("/") + _PREFIX
        self._key = key

    def get(self, *path: str) -> dict[str, Any]:
        """The object at `path`.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("GET", path, "", None), dict[str, Any])

    def query(self, path: str, **query: object) -> dict[str, Any]:
        """The object at `path`, asked for with a query; values of None are left out.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("GET", (path,), _query(query), None), dict[str, Any])

    def post(self, *path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """The answer to a POST of `body`.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("POST", path, "", msgspec.json.encode(body)), dict[str, Any])

    def put(self, *path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """The answer to a PUT of `body`.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("PUT", path, "", msgspec.json.encode(body)), dict[str, Any])

    def delete(self, *path: str, **query: object) -> dict[str, Any]:
        """The answer to a DELETE; empty where there is none.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("DELETE", path, _query(query), None), dict[str, Any])

    def page(self, path: str, **query: object) -> Page:
        """One page of the list at `path`; query values of None are left out.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._shaped(self._call("GET", (path,), _query(query), None), Page)

    def pages(self, path: str, **query: object) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, as long as there is a next one."""
        cursor: str | None = None
        while True:
            page = self.page(path, **query, cursor=cursor)
            yield page.data
            cursor = page.next
            if cursor is None:
                return

    def _call(self, method: str, path: tuple[str, ...], query: str, body: bytes | None) -> Any:
        target = "/".join([self._root, *(quote(step, safe="") for step in path)]) + query
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        try:
            with closing(self._connect(self._host, timeout=_TIMEOUT_S)) as connection:
                connection.request(method, target, body, headers)
                response = connection.getresponse()
                status, answer = response.status, response.read()
        except (OSError, HTTPException) as error:
            raise ProviderError(f"The gateway at {self._host} cannot be reached: {error}.") from error
        return self._read(status, answer)

    def _shaped(self, value: Any, shape: type[T]) -> T:
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            raise self._stranger() from error

    def _stranger(self) -> ProviderError:
        return ProviderError(f"{self._host} does not answer as a Headworks gateway does. Is the address right?")

    def _read(self, status: int, answer: bytes) -> Any:
        if status == _NO_CONTENT:
            return {}
        try:
            value = msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise self._stranger() from error
        if status < 400:
            return value
        fault = value.get("error") if isinstance(value, dict) else None
        fault = fault if isinstance(fault, dict) else {}
        message = fault.get("message") or f"The gateway answered {status}."
        raise HeadworksError(str(message), code=str(fault.get("code") or "provider_error"), status=status)


def _query(query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # a port or an IPv6 address that is none
        usable = False
    if not usable or not url.isascii() or not url.isprintable():
        raise BadAskError("--url must be an address such as http://127.0.0.1:8080.")
    return parts
