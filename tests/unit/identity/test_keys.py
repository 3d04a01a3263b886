"""Virtual keys: made, recognised, refused, rotated, revoked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.core.errors import BadAskError, RefusedError, StoreError
from headworks.identity.records import KeySpec
from headworks.identity.ring import DATABASE_FILE, KeyRing
from headworks.identity.secret import digest, id_of, new_key
from headworks.storage.sqlite import connect
from headworks.testing.clock import FakeClock

PEPPER = b"p" * 32
HOSTILE = [
    "",
    "hw-",
    "x' OR '1'='1",
    "hw-aaaaaaaa-" + "'; DROP TABLE virtual_keys; --".ljust(43, "x"),
    "hw-aaaa\0aaa-" + "b" * 43,
    "hw-äöüäöüäö-" + "b" * 43,
    "hw-aaaaaaaa-" + "\u0661" * 43,
    "hw-aaaaaaaa-" + "b" * 42 + "\n",
    "\ud800" * 55,
    "hw-" + "a" * 5_000_000,
]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ring(tmp_path: Path, clock: FakeClock) -> Iterator[KeyRing]:
    ring = KeyRing(tmp_path, clock, PEPPER)
    ring.open()
    yield ring
    ring.close()


def refused(ring: KeyRing, key: str) -> str:
    with pytest.raises(RefusedError) as caught:
        ring.caller(key)
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    assert caught.value.retryable is False
    return caught.value.message


def test_a_key_stands_for_its_caller(ring: KeyRing) -> None:
    spec = KeySpec(name="bot", org="acme", user="ann", models=("fast", "own"), features=("support-bot",))
    made = ring.create(spec)
    caller = ring.caller(made.key)
    assert (caller.key_id, caller.key_name, caller.org_id, caller.user_id) == (made.id, "bot", "acme", "ann")
    assert caller.models == {"fast", "own"}
    assert caller.features == {"support-bot"}


def test_a_key_has_the_promised_shape(ring: KeyRing) -> None:
    made = ring.create(KeySpec(name="bot"))
    prefix, key_id, secret = made.key.split("-", 2)
    assert (prefix, key_id, len(key_id), len(secret)) == ("hw", made.id, 8, 43)


def test_no_file_ever_holds_a_key(ring: KeyRing, tmp_path: Path) -> None:
    keys = [ring.create(KeySpec(name="bot")).key, ring.ensure_admin_key({})]
    ring.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for key in keys:
        assert key is not None
        assert key[12:].encode() not in written


def test_every_reason_to_refuse_reads_the_same(ring: KeyRing, clock: FakeClock) -> None:
    good = ring.create(KeySpec(name="good"))
    revoked = ring.create(KeySpec(name="revoked"))
    expiring = ring.create(KeySpec(name="expiring", expires_at=clock.now() + 10))
    ring.revoke(revoked.id)
    assert ring.caller(expiring.key).key_name == "expiring"
    clock.advance(10)
    wrong = good.key[:-1] + ("A" if good.key[-1] != "A" else "B")
    words = {refused(ring, key) for key in (revoked.key, expiring.key, wrong, new_key()[1], "nonsense")}
    assert len(words) == 1


@pytest.mark.parametrize("key", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_key_is_only_a_wrong_key(ring: KeyRing, key: str) -> None:
    good = ring.create(KeySpec(name="good"))
    refused(ring, key)
    assert not ring.is_admin(key)
    assert ring.caller(good.key).key_id == good.id


@given(st.text(max_size=70))
def test_only_keys_of_the_right_shape_have_an_id(text: str) -> None:
    assert id_of(text) is None or (len(text) == 55 and text.isascii())


@given(st.binary(min_size=1, max_size=64), st.text(max_size=200))
def test_a_digest_says_nothing_but_same_or_not(pepper: bytes, key: str) -> None:
    assert digest(pepper, key) == digest(pepper, key)
    assert len(digest(pepper, key)) == 32


def test_another_pepper_opens_nothing(ring: KeyRing, tmp_path: Path, clock: FakeClock) -> None:
    made = ring.create(KeySpec(name="bot"))
    other = KeyRing(tmp_path, clock, b"q" * 32)
    other.open()
    refused(other, made.key)
    other.close()


def test_a_rotated_key_works_until_its_overlap_ends(ring: KeyRing, clock: FakeClock) -> None:
    old = ring.create(KeySpec(name="bot", org="acme", models=("fast",)))
    new = ring.rotate(old.id, 60)
    assert ring.caller(old.key).key_id == old.id
    assert ring.caller(new.key).models == {"fast"}
    assert ring.get(old.id).status(clock.now()) == "replaced"
    clock.advance(60)
    refused(ring, old.key)
    assert ring.get(old.id).status(clock.now()) == "expired"
    assert ring.caller(new.key).org_id == "acme"


def test_rotation_without_overlap_acts_at_once(ring: KeyRing) -> None:
    old = ring.create(KeySpec(name="bot"))
    assert ring.caller(old.key)
    ring.rotate(old.id)
    refused(ring, old.key)


def test_only_an_active_key_can_be_rotated(ring: KeyRing, clock: FakeClock) -> None:
    replaced, revoked = ring.create(KeySpec(name="a")), ring.create(KeySpec(name="b"))
    expired = ring.create(KeySpec(name="c", expires_at=clock.now() + 1))
    ring.rotate(replaced.id, 60)
    ring.revoke(revoked.id)
    clock.advance(1)
    for made in (replaced, revoked, expired):
        with pytest.raises(BadAskError) as caught:
            ring.rotate(made.id)
        assert (caught.value.status, caught.value.code) == (422, "key_not_active")


@pytest.mark.parametrize("overlap_s", [-1, float("nan"), float("inf"), 8 * 24 * 3600])
def test_an_overlap_must_be_a_week_at_most(ring: KeyRing, overlap_s: float) -> None:
    made = ring.create(KeySpec(name="bot"))
    with pytest.raises(BadAskError) as caught:
        ring.rotate(made.id, overlap_s)
    assert (caught.value.status, caught.value.param) == (422, "overlap_s")
    assert ring.caller(made.key)


def test_revoking_twice_keeps_the_first_time(ring: KeyRing, clock: FakeClock) -> None:
    made = ring.create(KeySpec(name="bot"))
    first = ring.revoke(made.id)
    clock.advance(5)
    assert ring.revoke(made.id) == first
    assert [entry.action for entry in ring.history(made.id)] == ["create", "revoke"]


def test_every_change_leaves_who_and_when(ring: KeyRing, clock: FakeClock) -> None:
    made = ring.create(KeySpec(name="bot"), actor="cli")
    clock.advance(1)
    new = ring.rotate(made.id, 30, actor="admin")
    lines = [(entry.action, entry.actor, entry.detail) for entry in ring.history(made.id)]
    assert lines == [("create", "cli", ""), ("rotate", "admin", f"replaced by {new.id}, overlap 30 s")]
    assert [entry.detail for entry in ring.history(new.id)] == [f"replaces {made.id}"]
    assert ring.history(new.id)[0].at == clock.now()


@pytest.mark.parametrize("key_id", ["nokey000", "", "' OR 1=1 --", "a" * 100_000, "\0", "ünï", "\ud800aaaaaaa"])
def test_an_unknown_id_is_a_404_whatever_it_looks_like(ring: KeyRing, key_id: str) -> None:
    for act in (ring.get, ring.revoke, ring.rotate):
        with pytest.raises(BadAskError) as caught:
            act(key_id)
        assert (caught.value.status, caught.value.code) == (404, "unknown_key")


@pytest.mark.parametrize(
    ("spec", "param"),
    [
        (KeySpec(name=""), "name"),
        (KeySpec(name="x" * 201), "name"),
        (KeySpec(name="nul\0"), "name"),
        (KeySpec(name="\ud800"), "name"),
        (KeySpec(name="ok", org="line\nbreak"), "org"),
        (KeySpec(name="ok", user=""), "user"),
        (KeySpec(name="ok", models=("",)), "models"),
        (KeySpec(name="ok", features=("f",) * 1001), "features"),
    ],
)
def test_a_spec_that_cannot_be_shown_is_refused_by_name(ring: KeyRing, spec: KeySpec, param: str) -> None:
    with pytest.raises(BadAskError) as caught:
        ring.create(spec)
    assert (caught.value.status, caught.value.param) == (422, param)
    assert ring.list() == []


def test_names_in_any_script_and_with_quotes_are_kept(ring: KeyRing) -> None:
    spec = KeySpec(name="Büro 東京 'x\"; --", org="Ελλάς", models=("a'b",))
    made = ring.create(spec)
    assert ring.get(made.id).spec == spec
    assert ring.caller(made.key).models == {"a'b"}


def test_keys_are_listed_newest_first_in_pages(ring: KeyRing, clock: FakeClock) -> None:
    made = []
    for number in range(5):
        made.append(ring.create(KeySpec(name=f"k{number}")).id)
        clock.advance(1)
    first = ring.list(limit=2)
    second = ring.list(limit=2, after=first[-1].id)
    assert [record.id for record in first + second] == made[:0:-1]
    assert ring.list(limit=2, after="' OR 1") == []


def test_a_wall_clock_that_jumps_neither_revives_nor_breaks(ring: KeyRing, clock: FakeClock) -> None:
    made = ring.create(KeySpec(name="bot"))
    ring.revoke(made.id)
    good = ring.create(KeySpec(name="good"))
    for jump in (-10 * 365 * 86_400, 20 * 365 * 86_400):
        clock.jump(jump)
        refused(ring, made.key)
        assert ring.caller(good.key)


def test_a_closed_ring_refuses_everyone(ring: KeyRing) -> None:
    made = ring.create(KeySpec(name="bot"))
    ring.close()
    with pytest.raises(StoreError):
        ring.caller(made.key)
    with pytest.raises(StoreError):
        ring.list()


def test_a_broken_store_is_a_store_error(ring: KeyRing, tmp_path: Path) -> None:
    db = connect(tmp_path / DATABASE_FILE)
    db.execute("DROP TABLE virtual_keys")
    db.close()
    with pytest.raises(StoreError):
        ring.caller(new_key()[1])
    with pytest.raises(StoreError):
        ring.create(KeySpec(name="bot"))


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError):
        KeyRing(tmp_path, clock, PEPPER).open()


def test_a_data_directory_that_cannot_be_made_is_a_store_error(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        KeyRing(tmp_path / "file" / "data", clock, PEPPER).open()
