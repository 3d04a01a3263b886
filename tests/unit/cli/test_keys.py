"""Keys are made, listed, rotated and revoked in a data directory."""

import pytest


def test_a_key_is_shown_once_and_listed_without_its_secret(headworks):
    ran = headworks("keys", "create", "laptop", "--org", "acme", "--models", "a", "--models", "b", "--expires", "30d")
    assert ran.code == 0
    key = ran.out.splitlines()[-1]
    assert key.startswith("hw-")
    shown = headworks("keys", "list")
    assert "laptop" in shown.out
    assert "a,b" in shown.out
    assert key not in shown.out
    (row,) = headworks("keys", "list", "--json").json
    assert (row["org"], row["models"], row["features"], row["status"]) == ("acme", ["a", "b"], [], "active")
    assert row["expires_at"].endswith("Z")


def test_a_key_can_end_at_a_time(headworks):
    headworks("keys", "create", "x", "--expires", "2099-01-31T00:00:00+01:00")
    assert headworks("keys", "list", "--json").json[0]["expires_at"] == "2099-01-30T23:00:00.000Z"


def test_a_revoked_key_stays_in_the_list(headworks):
    made = headworks("keys", "create", "x", "--json").json
    assert headworks("keys", "revoke", made["id"]).out == f"Key {made['id']} is revoked.\n"
    assert [row["status"] for row in headworks("keys", "list", "--json").json] == ["revoked"]


def test_a_rotated_key_has_a_successor(headworks):
    made = headworks("keys", "create", "x", "--org", "o", "--json").json
    successor = headworks("keys", "rotate", made["id"], "--overlap", "15m", "--json").json
    assert successor["key"] != made["key"]
    old = next(row for row in headworks("keys", "list", "--json").json if row["id"] == made["id"])
    assert (old["status"], old["replaced_by"]) == ("replaced", successor["id"])


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (["revoke", "nobody01"], "No key has this id."),
        (["rotate", "nobody01"], "No key has this id."),
        (["rotate", "nobody01", "--overlap", "5"], "`5` is not a duration; write 90s, 15m, 24h or 7d."),
        (["create", "x", "--expires", "soon"], "`soon` is neither a time"),
        (["create", "x", "--expires", "99999999999d"], "is not a duration"),
        (["create", "x", "--expires", "999999999d"], "is not a duration"),
        (["create", "x", "--expires", "9999-12-31T23:59:59-14:00"], "is neither a time"),
        (["create", ""], "`name` has 0 characters"),
        (["list", "--url", "http://127.0.0.1:1"], "--url needs the admin key"),
        (["list", "--config", "none.yaml"], "none.yaml: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(headworks, tokens, sentence):
    ran = headworks("keys", *tokens)
    assert ran.code == 1
    assert sentence in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_data_directory_that_cannot_be_written_is_one_sentence(headworks, tmp_path):
    (tmp_path / "headworks-data").write_text("a file")
    ran = headworks("keys", "list")
    assert ran.code == 1
    assert "Traceback" not in ran.err
