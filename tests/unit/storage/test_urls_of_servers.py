"""Which URLs of a server can be used, and that no sentence about one repeats what is secret in it."""

import pytest

from headworks.storage.link.url import BadUrlError, check_url, database, masked


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("redis://localhost", 0),
        ("redis://localhost:6379/0", 0),
        ("redis://:p%2Fw@[::1]:6379/15", 15),
        ("redis://user:pw@host/", 0),
        ("rediss://user:pw@host:6380/2?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=required", 2),
        ("redis://host?db=4", 4),
        ("unix:///run/valkey/s?db=3", 3),
        ("unix://:pw@/run/valkey/s", 0),
    ],
)
def test_urls_that_can_be_used(url: str, number: int) -> None:
    assert check_url(url) == url
    assert database(url) == number


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "begins with"),
        ("localhost:6379", "begins with"),
        ("http://s3cret:s3cret@host", "begins with"),
        ("redis+sentinel://host/0", "begins with"),
        ("redis://", "no host"),
        ("redis://:s3cret@", "no host"),
        ("redis://:s3cret@host:0/0", "no host and port"),
        ("redis://:s3cret@host:99999/0", "cannot be read"),
        ("redis://:s3cret@host:port/0", "cannot be read"),
        ("redis://:s3cret/s3cret@host/0", "percent form"),
        ("redis://:s3#cret@host/0", "percent form"),
        ("redis://:s3cret@[::1/0", "cannot be read"),
        ("redis://s3cret@host/0", "without a password"),
        ("redis://:s3cret@host/cache", "database that is no number"),
        ("redis://:s3cret@host/0/1", "database that is no number"),
        ("redis://:s3cret@host/-1", "database that is no number"),
        ("redis://:s3cret@host?db=²", "database that is no number"),
        ("redis://:s3cret@host/0?decode_responses=true", "option that is not known"),
        ("redis://:s3cret@host/0?ssl_ca_certs=/s3cret", "option that is not known"),
        ("rediss://:s3cret@host/0?password=s3cret", "option that is not known"),
        ("unix://", "no socket"),
        ("unix://host/run/s", "no socket"),
    ],
)
def test_urls_that_cannot_be_used_are_told_without_their_secrets(url: str, sentence: str) -> None:
    with pytest.raises(BadUrlError, match=sentence) as caught:
        check_url(url)
    assert "s3cret" not in str(caught.value)


def test_a_masked_url_names_the_place_alone() -> None:
    assert masked("redis://user:s3cret@host:6379/2?x=s3cret") == "redis://***@host:6379/2"
    assert masked("redis://host/0") == "redis://host/0"
    assert masked("unix://:s3cret@/run/s?db=1") == "unix://***@/run/s"
