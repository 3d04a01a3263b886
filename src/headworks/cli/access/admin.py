"""The admin API of a running gateway, as the commands use it."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from headworks.core.errors import BadAskError, HeadworksError, ProviderError

_TIMEOUT_S = 30.0
_PREFIX = "/admin/v1"


class AdminApi:
    """Calls `/admin/v1` of one gateway. Redirects are not followed, so the key goes nowhere else.

    Args:
        url: The gateway's address, `http://127.0.0.1:8080`.
        key: The admin key.

    Raises:
        BadAskError: `url` is no web address, or the key cannot stand in a header.
    """

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise BadAskError("--url must be an address such as http://127.0.0.1:8080.")
        if not key.isascii() or not key.isprintable():
            raise BadAskError("The admin key holds characters that no key has.")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host = parts.netloc
        self._root = parts.path.rstrip("/") + _PREFIX
        self._key = key

    def get(self, *path: str, **query: object) -> Any:
        """The JSON answer to a GET; query values of None are left out.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path, f"?{urlencode(given)}" if given else "", None)

    def post(self, *path: str, body: Mapping[str, object]) -> Any:
        """The JSON answer to a POST of `body`.

        Raises:
            HeadworksError: The gateway is away, or says no.
        """
        return self._call("POST", path, "", msgspec.json.encode(body))

    def pages(self, *path: str, **query: object) -> Iterator[list[dict[str, Any]]]:
        """Every page of a list, as long as there is a `next` one."""
        cursor: str | None = None
        while True:
            page = self.get(*path, **query, cursor=cursor)
            yield page["data"]
            cursor = page.get("next")
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

    def _read(self, status: int, answer: bytes) -> Any:
        try:
            value = msgspec.json.decode(answer)
        except msgspec.DecodeError as error:
            raise ProviderError(f"{self._host} answered {status} and no JSON: is that a Headworks gateway?") from error
        if status < 400:
            return value
        fault = value.get("error") if isinstance(value, dict) else None
        fault = fault if isinstance(fault, dict) else {}
        message = fault.get("message") or f"The gateway answered {status}."
        raise HeadworksError(str(message), code=str(fault.get("code") or "provider_error"), status=status)
