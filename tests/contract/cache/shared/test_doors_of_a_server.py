"""How a server lets us in: TLS, users with few rights, database numbers, sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.contract.cache.shared.conftest import Nodes, entry, until
from tests.contract.cache.valkey import Valkey, free_port

from headworks.cache.where import Where
from headworks.testing import FakeClock

Start = Callable[..., Valkey]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "tls.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@asynccontextmanager
async def tls_before(port: int, certificate: Path) -> AsyncIterator[int]:
    """A port that speaks TLS and passes on to `port`: the server of the wheel has no TLS of its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ended: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.wait(ended)


async def test_tls_is_spoken_and_verified(start: Start, nodes: Nodes, certificate: Path) -> None:
    port = free_port()
    start("--requirepass", "word", port=port)
    async with tls_before(port, certificate) as tls_port:
        node = await nodes.add(f"rediss://:word@localhost:{tls_port}/0?ssl_ca_certs={certificate}")
        await until(lambda: node.usage().up)
        node.put(entry(1))
        await node.writer.drained()
        assert await node.get(entry(1).key) is not None
        await node.stop()
        stranger = await nodes.add(f"rediss://:word@localhost:{tls_port}/0")
        assert not stranger.usage().up
        assert "CERTIFICATE_VERIFY_FAILED" in stranger.usage().reason
        await stranger.stop()
        misnamed = await nodes.add(f"rediss://:word@127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate}")
        assert "CERTIFICATE_VERIFY_FAILED" in misnamed.usage().reason
        await misnamed.stop()


async def test_a_user_with_rights_on_our_keys_alone_can_do_everything(start: Start, nodes: Nodes) -> None:
    port = free_port()
    own = start(port=port)
    rights = "+get +mget +set +unlink +getrange +scan +evalsha +eval +time +ping +select +publish +subscribe"
    streams = "+xadd +xtrim +xrange +xread +xinfo|stream"
    own.ask("ACL", "SETUSER", "hw", "on", ">pass", "~hw1:*", "&hw1:*", "-@all", *rights.split(), *streams.split())
    heard: list[Where] = []
    node = await nodes.add(f"redis://hw:pass@127.0.0.1:{port}/3", on_rule=heard.append)
    await until(lambda: node.usage().up)
    feed = node.feed("f")
    got: list[bytes] = []
    await feed.start(lambda item: got.append(item.data), lambda: None)
    feed.add(b"x")
    node.put(entry(1))
    await node.writer.drained()
    assert await node.get(entry(1).key) is not None
    assert await node.purge(Where(user="alice")) == 1
    await until(lambda: got == [b"x"] and heard == [Where(user="alice")])
    assert node.usage().failed == 0
    await feed.stop()


async def test_databases_of_one_server_have_nothing_to_do_with_each_other(start: Start, nodes: Nodes) -> None:
    port = free_port()
    start(port=port)
    heard: list[Where] = []
    one = await nodes.add(f"redis://127.0.0.1:{port}/1")
    two = await nodes.add(f"redis://127.0.0.1:{port}/2", on_rule=heard.append)
    for node in (one, two):
        node.put(entry(1))
        await node.writer.drained()
    assert await one.purge(Where()) == 1
    assert await one.get(entry(1).key) is None
    assert await two.get(entry(1).key) is not None
    assert await two.purge(Where(org="acme")) == 1
    assert heard == [Where(org="acme")]


async def test_a_server_that_closes_idle_connections_is_no_alarm(
    start: Start, nodes: Nodes, lines: list[object]
) -> None:
    own = start()
    clock = FakeClock()
    node = await nodes.add(own.url, clock=clock)
    node.put(entry(1))
    await node.writer.drained()
    clock.advance(2)  # a connection that was made within this second is not made anew at once
    made = connections(own)
    own.ask("CLIENT", "KILL", "TYPE", "normal")
    await until(lambda: connections(own) >= made + 2 and node.usage().up)
    assert await node.get(entry(1).key) is not None
    assert lines == []


def connections(server: Valkey) -> int:
    """How many the server has taken, less those that asked this."""
    text = server.ask("INFO", "stats").decode()
    server.asked = getattr(server, "asked", 0) + 1  # type: ignore[attr-defined]
    return int(text.partition("total_connections_received:")[2].partition("\r")[0]) - server.asked  # type: ignore[attr-defined]
