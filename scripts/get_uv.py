"""Find uv, or get it, on a machine that may have neither pip nor certificates. Standard library only.

Whatever the way, what runs is one of the files whose SHA-256 stands in requirements/uv.lock: a mirror, a proxy or a
connection without verified TLS can withhold uv, but cannot slip in another one.
"""

from __future__ import annotations

import base64
import configparser
import hashlib
import importlib.util
import io
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from html.parser import HTMLParser
from pathlib import Path

# Python's own default index, for machines on which neither pip, uv nor the environment names one.
PUBLIC_INDEX = "https://pypi.org/simple"
TIMEOUT_S = 60
# Debian, Alpine and kin; Red Hat's; the BSDs'. Python itself looks there only where the package openssl is installed.
BUNDLES = [
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/cert.pem"),
]


class SetupError(Exception):
    """Setting up cannot go on; the message says why and what to do."""


def get_uv(lock: Path, tools: Path) -> Path:
    """The uv program: the one on PATH if it is recent enough, else the pinned one, kept in the folder `tools`.

    Args:
        lock: `uv==VERSION` with the SHA-256 of every file of that release.
        tools: Where to keep a uv of our own.

    Raises:
        SetupError: It is nowhere to be had.
    """
    version, hashes = read_lock(lock)
    found = shutil.which("uv")
    if found and _version_of(found) >= _numbers(version)[:2]:
        return Path(found)
    mine = tools / f"uv-{version}"
    if not mine.is_file():
        print(f"Getting uv {version}, the package installer ...", flush=True)
        tools.mkdir(exist_ok=True)
        content = _through_pip(lock, tools) or _through_download(version, hashes)
        _write_program(mine, content)
    return mine


def read_lock(lock: Path) -> tuple[str, set[str]]:
    """Version and permitted SHA-256 sums of the lock file."""
    text = lock.read_text(encoding="utf-8")
    version = re.search(r"^uv==(\S+)", text, re.MULTILINE)
    if version is None:
        raise SetupError(f"{lock.name} does not pin uv; `make lock` writes it anew.")
    return version.group(1), set(re.findall(r"--hash=sha256:([0-9a-f]{64})", text))


def index_url(environ: dict[str, str] | os._Environ[str], home: Path) -> str | None:
    """The package index that this user or machine has chosen for uv or pip; None when none was."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if environ.get(name):
            return environ[name].rstrip("/")
    chosen = environ.get("PIP_CONFIG_FILE")
    usual = [home / ".config/pip/pip.conf", home / ".pip/pip.conf", Path("/etc/pip.conf")]
    for file in [Path(chosen)] if chosen else usual:
        settings = configparser.RawConfigParser()
        settings.read(file, encoding="utf-8")
        for section in ("install", "global"):
            if settings.has_option(section, "index-url"):
                return settings.get(section, "index-url").strip().rstrip("/")
    return None


def home_folder() -> Path:
    """The user's own folder; one that does not exist for a user without one."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() raises for a user without an entry


def index_hosts() -> list[str]:
    """The hosts that the chosen index and its files are on, as its own pages say.

    Raises:
        SetupError: The index cannot be read.
    """
    fetch = Fetcher(index_url(os.environ, home_folder()) or PUBLIC_INDEX)
    page_url, files = fetch.files("uv")
    addresses = [page_url, *(urllib.parse.urljoin(page_url, href) for href in files.values())]
    return sorted({urllib.parse.urlsplit(address).netloc for address in addresses})


def certificate_bundle() -> Path | None:
    """The file of the authorities this machine trusts, where Python or the usual systems keep it."""
    named = ssl.get_default_verify_paths().cafile
    for path in [Path(named)] if named else BUNDLES:
        if path.is_file() and path.stat().st_size > 0:
            return path
    return None


def has_certificates() -> bool:
    """Whether this machine trusts any authority, without which no TLS connection can be verified."""
    folder = ssl.get_default_verify_paths().capath
    return certificate_bundle() is not None or bool(folder and any(Path(folder).glob("*.[0-9]")))


def pick_wheel(names: list[str], system: str, machine: str, libc: str) -> str | None:
    """The wheel for this platform among file names; `libc` is `glibc` or anything else (Linux only)."""
    prefixes = {"Linux": ("manylinux",) if libc == "glibc" else ("musllinux",), "Darwin": ("macosx",)}
    for name in names:
        if name.endswith(".whl"):
            tags = name[: -len(".whl")].split("-")[-1].split(".")
            if any(tag.startswith(prefixes.get(system, ())) and tag.endswith("_" + machine) for tag in tags):
                return name
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _version_of(uv: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True, timeout=TIMEOUT_S).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return _numbers(said)


def _through_pip(lock: Path, tools: Path) -> bytes | None:
    """Take uv out of pip, in a throw-away environment; None where Python comes without pip (Debian splits it off)."""
    if importlib.util.find_spec("ensurepip") is None:
        return None
    folder = tools / "pip"
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    install += ["--require-hashes", "--disable-pip-version-check", "--requirement", str(lock)]
    try:
        for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], install):
            subprocess.run(command, check=True, capture_output=True)
        return (folder / "bin" / "uv").read_bytes()
    except (OSError, subprocess.CalledProcessError):
        print("  pip could not get it; downloading it directly.", flush=True)
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _through_download(version: str, hashes: set[str]) -> bytes:
    """Take uv from the index's own pages (simple repository API: packaging.python.org, HTML form of PEP 503)."""
    index = index_url(os.environ, home_folder()) or PUBLIC_INDEX
    fetch = Fetcher(index)
    if not fetch.verified:
        print("  No CA certificates here: the download is checked by its pinned SHA-256 alone.", flush=True)
    page_url, files = fetch.files("uv")
    of_version = {name: href for name, href in files.items() if name.startswith(f"uv-{version}-")}
    name = pick_wheel(list(of_version), platform.system(), platform.machine(), platform.libc_ver()[0])
    if name is None:
        raise SetupError(
            f"The package index has no uv {version} for {platform.system()} on {platform.machine()}. "
            "Install uv by other means (it must be on PATH) and start again."
        )
    wheel = fetch.get(urllib.parse.urljoin(page_url, of_version[name]))
    if hashlib.sha256(wheel).hexdigest() not in hashes:
        raise SetupError(f"The file {name} that the index gave is not the one that requirements/uv.lock pins. Stopped.")
    return zipfile.ZipFile(io.BytesIO(wheel)).read(f"uv-{version}.data/scripts/uv")


class _Links(HTMLParser):
    """Gathers file name and address of each link on a page of the index."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            href = urllib.parse.urldefrag(href).url
            self.files[urllib.parse.unquote(href.rsplit("/", 1)[-1])] = href


class Fetcher:
    """Reads from one package index.

    Args:
        index: Its address; a user and password in it are sent as a header, never printed, and only over a connection
            that is verified or not encrypted at all by the user's own choice.

    Attributes:
        index: The address without them.
        verified: False when this machine has no certificates to verify the connection with.
    """

    def __init__(self, index: str) -> None:
        parts = urllib.parse.urlsplit(index)
        login, _, host = parts.netloc.rpartition("@")
        self.index = parts._replace(netloc=host).geturl()
        self._host = host
        self._headers = {"Accept": "text/html", "User-Agent": "headworks-setup"}
        if login:
            token = base64.b64encode(urllib.parse.unquote(login).encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"
        self._context = ssl.create_default_context(cafile=certificate_bundle())
        self.verified = parts.scheme != "https" or has_certificates()
        if not self.verified:
            self._go_without_certificates(login)

    def _go_without_certificates(self, login: str) -> None:
        if login:
            raise SetupError(
                "This machine has no CA certificates, so the index's password would go to whoever answers. "
                "Install the package ca-certificates, or set SSL_CERT_FILE, and start again."
            )
        self._context.check_hostname = False
        self._context.verify_mode = ssl.CERT_NONE

    def files(self, project: str) -> tuple[str, dict[str, str]]:
        """The page of a project: its address, and its files' names with their links.

        Raises:
            SetupError: As `get`.
        """
        url = f"{self.index}/{project}/"
        links = _Links()
        links.feed(self.get(url).decode("utf-8", "replace"))
        return url, links.files

    def get(self, url: str) -> bytes:
        """The body found at `url`; the login goes to the index's own host only.

        Raises:
            SetupError: The index cannot be reached, verified or does not have it.
        """
        headers = dict(self._headers)
        if urllib.parse.urlsplit(url).netloc != self._host:
            headers.pop("Authorization", None)
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=self._context) as answer:
                body: bytes = answer.read()
                return body
        except OSError as error:  # URLError is one, too
            reason = getattr(error, "reason", None) or error
            if isinstance(error, urllib.error.HTTPError):
                error.close()
            raise SetupError(
                f"The package index at {self._host} cannot be read: {reason}. Is there a network? Another index "
                "can be named with UV_DEFAULT_INDEX, a private certificate authority with SSL_CERT_FILE."
            ) from error


def _write_program(path: Path, content: bytes) -> None:
    """Write whole or not at all, so that an interruption leaves no half program behind."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.replace(path)
