"""The way out, over real sockets: pieces as they come, connections used again, every way a provider can break off."""

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from headworks.core.errors import ProviderError
from headworks.core.policy import Patience
from headworks.providers.outbound.http import Errand, Outbound, read_origin

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Provider:
    """A server that answers with the bytes it is told; `None` closes, a number waits."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.received = []
        self.writers = []
        self.calls = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        self.calls.append(asyncio.ensure_future(self.answer(reader, writer)))

    async def answer(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.received.append(head + await reader.readexactly(length))
                self.asked.set()
                for step in self.answers.pop(0):
                    if step is None:
                        writer.close()
                        return
                    if step == "reset":
                        writer.transport.abort()
                        return
                    if step == "wait":
                        await reader.read(1)
                        self.left.set()
                        return
                    writer.write(step)
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()


@contextlib.asynccontextmanager
async def provider(*answers, tls=None):
    made = Provider(*answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    made.url = f"http{'s' if tls else ''}://{'localhost' if tls else '127.0.0.1'}:{port}/v1"
    async with server:
        yield made
        for writer in made.writers:
            writer.transport.abort()
        await asyncio.gather(*made.calls)


def errand(base_url, **more):
    return Errand("p", base_url, Patience(**more))


@pytest.fixture
async def outbound():
    made = Outbound()
    yield made
    await made.close()
    await asyncio.sleep(0)


async def fetch(outbound, made, **more):
    exchange = outbound.post(errand(made.url, **more), "/x", {"authorization": "Bearer k"}, b"{}")
    try:
        await exchange.open()
        return exchange.status, await exchange.body(1000)
    finally:
        exchange.close()


async def test_a_request_and_its_answer(outbound):
    async with provider([OK]) as made:
        assert await fetch(outbound, made) == (200, b"hello")
    head, _, body = made.received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"authorization: Bearer k" in head
    assert body == b"{}"


async def test_a_connection_serves_again(outbound):
    chunked = CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"
    async with provider([OK], [chunked], [OK]) as made:
        for _ in range(3):
            assert await fetch(outbound, made) == (200, b"hello")
        assert made.connections == 1


async def test_a_connection_that_the_provider_asked_to_close_does_not(outbound):
    closing = OK.replace(b"Content-Length", b"Connection: close\r\nContent-Length")
    async with provider([closing], [OK]) as made:
        await fetch(outbound, made)
        await fetch(outbound, made)
        assert made.connections == 2


async def test_an_idle_connection_that_was_closed_meanwhile_is_replaced_unnoticed(outbound):
    async with provider([OK], [None], [OK]) as made:
        await fetch(outbound, made)
        assert await fetch(outbound, made) == (200, b"hello")
        assert made.connections == 2


async def test_an_answer_without_a_length_ends_with_its_connection(outbound):
    async with provider([b"HTTP/1.1 200 OK\r\n\r\nhello", None]) as made:
        assert await fetch(outbound, made) == (200, b"hello")


async def test_an_interim_answer_is_passed_over(outbound):
    async with provider([b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK]) as made:
        assert await fetch(outbound, made) == (200, b"hello")


@pytest.mark.parametrize("size", [1, 2, 7])
async def test_bytes_may_come_in_any_pieces(outbound, size):
    whole = CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
    async with provider([whole[at : at + size] for at in range(0, len(whole), size)]) as made:
        assert await fetch(outbound, made) == (200, b"hello")


@pytest.mark.parametrize(
    "answer",
    [
        [None],
        ["reset"],
        [b"HTTP/1.1 200 OK\r\nContent-Le", None],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", None],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "reset"],
        [CHUNKED + b"5\r\nhello\r\n", None],
        [CHUNKED + b"zz\r\nhello\r\n"],
        [b"SSH-2.0-OpenSSH\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n"],
        [b"\x00" * 5000],
        [b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 70_000 + b"\r\n"],
    ],
)
async def test_every_break_is_a_provider_error_that_names_the_provider(outbound, answer):
    async with provider(answer, answer) as made:
        with pytest.raises(ProviderError, match="`p`") as caught:
            await fetch(outbound, made)
    assert caught.value.retryable


async def test_what_came_before_a_break_is_delivered(outbound):
    async with provider([CHUNKED + b"5\r\nhello\r\n", None]) as made:
        exchange = outbound.post(errand(made.url), "/x", {}, b"{}")
        await exchange.open()
        assert await exchange.piece() == b"hello"
        with pytest.raises(ProviderError):
            await exchange.piece()
        exchange.close()


async def test_a_body_over_the_limit_is_refused(outbound):
    async with provider([b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000]) as made:
        with pytest.raises(ProviderError, match="1000 bytes"):
            await fetch(outbound, made)


@pytest.mark.parametrize(
    ("answer", "limits", "words"),
    [
        (["wait"], {"first_byte_s": 0.05}, "did not begin to answer for 0.05 s"),
        ([CHUNKED, "wait"], {"idle_s": 0.05}, "went silent"),
        (["wait"], {"total_s": 0.05}, "did not finish its answer within 0.05 s"),
    ],
)
async def test_silence_is_a_timeout_and_closes_the_connection(outbound, answer, limits, words):
    async with provider(answer) as made:
        with pytest.raises(ProviderError, match=words) as caught:
            await fetch(outbound, made, **limits)
        await asyncio.wait_for(made.left.wait(), 2)
    assert (caught.value.code, caught.value.status) == ("provider_timeout", 504)


@pytest.mark.parametrize("answer", [["wait"], [CHUNKED, "wait"], [CHUNKED + b"5\r\nhello\r\n", "wait"]])
async def test_a_cancelled_call_closes_its_connection_at_once(outbound, answer):
    async with provider(answer) as made:
        call = asyncio.create_task(fetch(outbound, made))
        await asyncio.wait_for(made.asked.wait(), 2)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(made.left.wait(), 2)


async def test_a_slow_reader_slows_the_provider_and_not_the_memory(outbound):
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    async with provider([CHUNKED, *([piece] * 200), b"0\r\n\r\n"]) as made:
        exchange = outbound.post(errand(made.url), "/x", {}, b"{}")
        await exchange.open()
        for _ in range(200):
            await asyncio.sleep(0)
        size = 0
        while data := await exchange.piece():
            assert len(data) < 2_000_000
            size += len(data)
        exchange.close()
    assert size == 200 * 65536


async def test_nobody_listening_and_unknown_names_are_said(outbound):
    async with provider() as made:
        pass
    with pytest.raises(ProviderError, match="refused"):
        await fetch(outbound, made)
    made.url = "http://no-such-host.invalid/v1"
    with pytest.raises(ProviderError, match=r"no-such-host\.invalid is not known"):
        await fetch(outbound, made)


@pytest.mark.parametrize("headers", [{"x": "a\r\nhost: evil"}, {"x": "a\nb"}, {"x\r\ny": "b"}])
async def test_a_line_break_never_reaches_the_wire(outbound, headers):
    with pytest.raises(ProviderError, match="line break"):
        outbound.post(errand("http://127.0.0.1:1"), "/x", headers, b"")
    with pytest.raises(ProviderError, match="line break"):
        outbound.post(errand("http://127.0.0.1:1"), "/x HTTP/1.1\r\nx: y", {}, b"")


async def test_a_large_body_arrives_whole(outbound):
    body = bytes(range(256)) * 20_000
    async with provider([OK]) as made:
        exchange = outbound.post(errand(made.url), "/x", {}, body)
        await exchange.open()
        exchange.close()
        assert made.received[0].endswith(body)


@pytest.fixture
def tls(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "tls.pem"
    path.write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, path


async def test_tls_is_verified(outbound, tls, monkeypatch):
    context, path = tls
    async with provider([OK], tls=context) as made:
        with pytest.raises(ProviderError, match="TLS failed"):
            await fetch(outbound, made)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    trusting = Outbound()
    async with provider([OK], [OK], tls=context) as made:
        assert await fetch(trusting, made) == (200, b"hello")
        assert await fetch(trusting, made) == (200, b"hello")
        assert made.connections == 1
        await trusting.close()


@pytest.mark.parametrize(
    ("url", "port", "prefix"),
    [("https://api.example/v1", 443, "/v1"), ("http://[::1]:9/a/b", 9, "/a/b"), ("http://h", 80, "")],
)
def test_origins(url, port, prefix):
    origin = read_origin(url)
    assert (origin.port, origin.prefix) == (port, prefix)
