"""Getting uv without any tool: the right file is picked, checked, and nothing secret is said or sent astray."""

import base64
import hashlib
import importlib.util
import io
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "get_uv.py"
WHEEL = "uv-9.9.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl"
NAMES = [
    "uv-9.9.9.tar.gz",
    "uv-9.9.9-py3-none-win_amd64.whl",
    "uv-9.9.9-py3-none-macosx_10_12_x86_64.whl",
    "uv-9.9.9-py3-none-macosx_11_0_arm64.whl",
    "uv-9.9.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
    "uv-9.9.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "uv-9.9.9-py3-none-musllinux_1_1_x86_64.whl",
]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("get_uv", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["get_uv"] = module
    spec.loader.exec_module(module)
    return module


get_uv = load()


def wheel_bytes() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("uv-9.9.9.data/scripts/uv", b"the program")
    return buffer.getvalue()


class Index(BaseHTTPRequestHandler):
    """A package index of one page and one file; notes the login it was sent."""

    logins: list[str | None] = []  # noqa: RUF012  one server, one test at a time

    def do_GET(self) -> None:
        self.logins.append(self.headers["Authorization"])
        pages = {
            "/simple/uv/": f'<a href="../../files/{WHEEL}#sha256=0">uv</a>'.encode(),
            f"/files/{WHEEL}": wheel_bytes(),
        }
        body = pages.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Waits for its answers to be sent before it closes."""

    daemon_threads = False


@pytest.fixture
def index() -> Iterator[str]:
    Index.logins.clear()
    with Server(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_uv.platform, "system", lambda: "Linux")
    monkeypatch.setattr(get_uv.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(get_uv.platform, "libc_ver", lambda: ("glibc", "2.36"))


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("Linux", "x86_64", "glibc", "uv-9.9.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
        ("Linux", "x86_64", "", "uv-9.9.9-py3-none-musllinux_1_1_x86_64.whl"),
        ("Linux", "aarch64", "", NAMES[4]),
        ("Darwin", "arm64", "", "uv-9.9.9-py3-none-macosx_11_0_arm64.whl"),
        ("Linux", "mips", "glibc", None),
        ("Plan9", "x86_64", "", None),
    ],
)
def test_the_wheel_of_the_platform_is_picked(system: str, machine: str, libc: str, expected: str | None) -> None:
    assert get_uv.pick_wheel(NAMES, system, machine, libc) == expected


def test_the_index_is_the_one_the_user_chose(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nindex-url = https://mirror.example/simple/\n", encoding="utf-8")
    assert get_uv.index_url({}, tmp_path) == "https://mirror.example/simple"
    assert get_uv.index_url({"PIP_INDEX_URL": "https://pip.example/"}, tmp_path) == "https://pip.example"
    both = {"PIP_INDEX_URL": "https://pip.example", "UV_DEFAULT_INDEX": "https://uv.example"}
    assert get_uv.index_url(both, tmp_path) == "https://uv.example"
    assert get_uv.index_url({"PIP_CONFIG_FILE": "/dev/null"}, tmp_path) is None


@pytest.mark.usefixtures("linux")
def test_the_program_is_taken_out_of_a_file_with_the_pinned_sum(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{index}")
    assert get_uv._through_download("9.9.9", {hashlib.sha256(wheel_bytes()).hexdigest()}) == b"the program"


@pytest.mark.usefixtures("linux")
def test_a_file_with_another_sum_is_refused(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://{index}")
    with pytest.raises(get_uv.SetupError, match="not the one that"):
        get_uv._through_download("9.9.9", {"0" * 64})


@pytest.mark.usefixtures("linux")
def test_a_login_in_the_address_is_sent_but_never_said(index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://me:s%40cret@{index}")
    get_uv._through_download("9.9.9", {hashlib.sha256(wheel_bytes()).hexdigest()})
    assert set(Index.logins) == {"Basic " + base64.b64encode(b"me:s@cret").decode()}
    with pytest.raises(get_uv.SetupError) as caught:
        get_uv.Fetcher(f"http://me:s%40cret@{index}").get(f"http://{index}/nothing")
    assert "cret" not in str(caught.value)


def test_a_login_is_not_sent_to_another_host(index: str) -> None:
    elsewhere = get_uv.Fetcher("http://me:secret@mirror.example/simple")
    elsewhere.get(f"http://{index}/uv/")
    assert Index.logins == [None]


def test_without_certificates_a_password_is_kept_to_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_uv, "has_certificates", lambda: False)
    with pytest.raises(get_uv.SetupError, match="ca-certificates"):
        get_uv.Fetcher("https://me:secret@mirror.example/simple")


def test_no_network_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(get_uv.SetupError, match=r"127\.0\.0\.1:9 cannot be read.*UV_DEFAULT_INDEX"):
        get_uv.Fetcher("http://127.0.0.1:9/simple").get("http://127.0.0.1:9/simple/uv/")


def test_the_lock_pins_a_version_and_its_files() -> None:
    version, hashes = get_uv.read_lock(SCRIPT.parents[1] / "requirements" / "uv.lock")
    assert version.count(".") == 2
    assert len(hashes) > 5
