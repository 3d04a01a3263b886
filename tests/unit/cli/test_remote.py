"""With `--url`, keys and traces go through the admin API, and nothing but its answers is believed."""

import json

import pytest
from tests.unit.cli.conftest import KEY


@pytest.fixture
def remote(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    return lambda *tokens: headworks(*tokens, "--url", gateway.url)


def test_keys_are_made_at_the_gateway(remote, gateway):
    ran = remote("keys", "create", "laptop", "--org", "acme", "--models", "fast")
    assert ran.out.splitlines()[-1] == "hw-new"
    assert gateway.asked == [("POST", "/admin/v1/keys", {"name": "laptop", "org": "acme", "models": ["fast"]})]


def test_keys_are_listed_revoked_and_rotated_at_the_gateway(remote, gateway):
    assert "laptop" in remote("keys", "list").out
    assert remote("keys", "revoke", "a/b").code == 0
    assert remote("keys", "rotate", "abc", "--overlap", "1h", "--json").json["key"] == "hw-new"
    assert gateway.asked == [
        ("POST", "/admin/v1/keys/a%2Fb/revoke", {}),
        ("POST", "/admin/v1/keys/abc/rotate", {"overlap_s": 3600}),
    ]


def test_records_come_page_by_page(remote, tmp_path):
    assert remote("traces", "list", "--json").json["next"] == "2"
    assert remote("traces", "export", "out.jsonl").code == 0
    ids = [json.loads(line)["trace_id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert ids == ["t0", "t1", "t2", "t3", "t4"]


def test_one_record_is_shown_or_unknown(remote):
    assert remote("traces", "show", "t1", "--json").json["trace_id"] == "t1"
    assert "There is no trace `t9`" in remote("traces", "show", "t9").err


def test_the_gateways_own_sentence_is_the_error(remote, headworks, gateway, monkeypatch):
    assert remote("keys", "create", "x", "--org", "bad").err == "`org` is bad.\n"
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "wrong")
    ran = headworks("keys", "list", "--url", gateway.url, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "invalid_api_key")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:1", "cannot be reached"),
        ("ftp://127.0.0.1", "must be an address"),
        ("http://user:pw@127.0.0.1", "must be an address"),
        ("http://127.0.0.1:99999", "must be an address"),
        ("nonsense", "must be an address"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(headworks, monkeypatch, url, sentence):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    ran = headworks("traces", "list", "--url", url)
    assert ran.code == 1
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("path", ["/moved", "/odd", "/empty"])
def test_an_answer_of_another_shape_is_one_sentence(headworks, gateway, monkeypatch, path):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", KEY)
    ran = headworks("traces", "list", "--url", gateway.url + path)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1


def test_a_config_and_an_address_are_one_too_many(remote):
    assert remote("keys", "list", "--config", "c.yaml").err == "Give --config or --url, not both.\n"
