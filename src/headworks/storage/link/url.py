"""Check and mask the URL of a Redis or Valkey server. Needs no Redis client, so a config can be checked without one.

No sentence here holds the URL, its user or its password.
"""

from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

_SCHEMES = ("redis", "rediss", "unix")
_OPTIONS = {"ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
_SHAPE = "It is written `redis://user:password@host:6379/0`, with `rediss` for TLS, or `unix:///path/to/socket?db=0`."
_MASK = "***"


class BadUrlError(ValueError):
    """The text is no URL of a server that we can use; the sentence says what to write."""


def check_url(url: str) -> str:
    """`url` as it is, when it can be used.

    Raises:
        BadUrlError: Another scheme, no host, a port, database or option that is none, or a user without a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrlError(f"The port or host of the Redis URL cannot be read. {_SHAPE} {_ESCAPE}") from error
    if parts.scheme not in _SCHEMES:
        raise BadUrlError(
            f"The URL of a Redis or Valkey server begins with `redis://`, `rediss://` or `unix://`. {_SHAPE}"
        )
    if port == 0 or parts.fragment or (parts.scheme != "unix" and not parts.hostname):
        raise BadUrlError(f"The Redis URL names no host and port that can be used. {_SHAPE} {_ESCAPE}")
    if parts.scheme == "unix" and (parts.hostname or not parts.path.strip("/")):
        raise BadUrlError(f"The Redis URL names no socket. {_SHAPE}")
    if parts.username and not parts.password:
        raise BadUrlError("The Redis URL has a user without a password. A password alone is `redis://:password@host`.")
    _check_options(parts)
    database(url)
    return url


def database(url: str) -> int:
    """Number of the database that `url` names; 0 when it names none.

    Raises:
        BadUrlError: It is no number.
    """
    parts = urlsplit(url)
    text = dict(parse_qsl(parts.query)).get("db", "")
    if not text and parts.scheme != "unix":
        text = parts.path.removeprefix("/")
    if text and not (text.isascii() and text.isdigit()):
        raise BadUrlError(f"The Redis URL names a database that is no number. {_SHAPE} {_ESCAPE}")
    return int(text or "0")


def masked(url: str) -> str:
    """`url` for logs: without user, password and options."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    if "@" in parts.netloc:
        place = f"{_MASK}@{place}"
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


_ESCAPE = "Signs like / # ? @ : in a password are written in percent form, as `%2F`."


def _check_options(parts: SplitResult) -> None:
    """Only what concerns TLS, and the database: other options of the client would change what its answers look like."""
    known = _OPTIONS | {"db"} if parts.scheme == "rediss" else {"db"}
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name not in known:
            raise BadUrlError(
                f"The Redis URL has an option that is not known here. Known are: {', '.join(sorted(known))}."
            )
