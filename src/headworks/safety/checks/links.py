"""Links that carry data away or lead astray: pictures of other hosts, scripts, disguised addresses (`links`).

A picture in an answer is fetched by the reader's program without being asked, and its address can hold what the model
was told (OWASP LLM Prompt Injection Prevention Cheat Sheet, exfiltration by markdown pictures). So pictures pass only
from hosts that are allowed; links pass unless they run something or hide where they lead.
"""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from headworks.safety.checks.detector import unbroken
from headworks.safety.verdicts import Found

_PICTURE = re.compile(r"!\[[^\]\n]{0,300}\]\(\s*<?(?P<to>[^)\s>]{1,2000})[^)\n]{0,200}\)?")
_TAG = re.compile(r"<(?:img|iframe|script|link|object|embed|video|audio|source|form)\b[^>]{0,2000}>?", re.IGNORECASE)
_TO = re.compile(r"(?:src|href|data|action|srcset)\s*=\s*[\"']?(?P<to>[^\"'\s>]{1,2000})", re.IGNORECASE)
_NAMED = re.compile(r"(?m)^\s{0,3}\[[^\]\n]{1,100}\]:\s*<?(?P<to>[^\s>]{1,2000})>?")
_LINK = re.compile(r"(?i)\b(?:https?://|ftp://|javascript:|vbscript:|data:|file:)[^\s<>\"'`)\]]{1,2000}")
_OPEN = re.compile(
    r"!?\[[^\]\n]{0,300}(?:\](?:\([^)\n]{0,2200}|:\s{0,4}\S{0,2000})?)?\Z|<[a-zA-Z][^>]{0,2000}\Z|!\Z|(?:<[a-zA-Z]{0,9}|<)\Z"
)
_RUNNING = ("javascript:", "vbscript:", "data:", "file:")


class Links:
    """Finds pictures of hosts that are not allowed, and unsafe links.

    Args:
        allow_hosts: Hosts from which pictures may come, and to which links may always lead; subdomains too.
        only_allowed: Whether links to any other host are unsafe as well.
    """

    reach = 2_600

    def __init__(self, allow_hosts: frozenset[str] = frozenset(), *, only_allowed: bool = False) -> None:
        self._hosts = allow_hosts
        self._only = only_allowed

    def find(self, text: str, start: int = 0) -> list[Found]:
        """Pictures and tags as a whole; of a link its address."""
        if ":" not in text and "![" not in text and "<" not in text:
            return []
        found = [Found("PICTURE", *m.span()) for m in _PICTURE.finditer(text, start) if not self._allowed(m["to"])]
        for match in _TAG.finditer(text, start):
            leads = [to["to"] for to in _TO.finditer(match.group())]
            if any(not self._allowed(to) for to in leads):
                found.append(Found("TAG", *match.span()))
        found += (Found("LINK", *m.span()) for m in _LINK.finditer(text, start) if self._unsafe(m.group()))
        found.sort(key=lambda one: (one.start, -one.end))
        kept: list[Found] = []
        for one in found:
            if not kept or one.start >= kept[-1].end:
                kept.append(one)
        return kept

    def settled(self, text: str, start: int) -> int:
        """What has been opened may become a picture."""
        opened = _OPEN.search(text, start)
        return min(opened.start() if opened else len(text), unbroken(text, start))

    def _allowed(self, address: str) -> bool:
        """Whether a picture may be fetched: of this document, or of an allowed host."""
        lowered = address.lower().lstrip()
        if lowered.startswith("//"):
            lowered = "https:" + lowered
        if lowered.startswith("data:image/") and not lowered.startswith("data:image/svg"):
            return True
        if not re.match(r"[a-z][a-z0-9+.-]*:", lowered):
            return True
        return lowered.startswith(("https://", "http://")) and self._known(_host(lowered))

    def _unsafe(self, address: str) -> bool:
        lowered = address.lower()
        if lowered.startswith(_RUNNING):
            return lowered.startswith(("javascript:", "vbscript:", "file:")) or "text/html" in lowered[:60]
        host = _host(lowered)
        if host is None:
            return True
        if self._known(host):
            return False
        return (
            self._only
            or "@" in _authority(lowered)
            or _number(host)
            or any(part.startswith("xn--") for part in host.split("."))
        )

    def _known(self, host: str | None) -> bool:
        return host is not None and any(host == known or host.endswith(f".{known}") for known in self._hosts)


def _authority(address: str) -> str:
    return address.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _number(host: str) -> bool:
    """Whether a host is a bare address of a network that everybody reaches."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host.isdigit() or host.startswith("0x")
