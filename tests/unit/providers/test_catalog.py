"""The catalog's rows are facts that others rely on without checking again."""

from datetime import date
from fnmatch import fnmatchcase
from itertools import combinations
from urllib.parse import urlsplit

import msgspec
import pytest
from genai_prices.data_snapshot import get_snapshot

from headworks.providers.catalog import Row, rows

ROWS = [pytest.param(row, id=key) for key, row in rows().items()]
LOOPBACK = "127.0.0.1"
CONFIGURED = {"azure", "local"}


@pytest.mark.parametrize("row", ROWS)
def test_keys_only_travel_encrypted_or_not_at_all(row: Row) -> None:
    if not row.base_url:
        return
    url = urlsplit(row.base_url)
    assert url.scheme == "https" or (url.hostname == LOOPBACK and row.auth == "none")
    assert not url.query
    assert not url.username
    assert not row.base_url.endswith("/")


def test_only_these_rows_wait_for_a_configured_address() -> None:
    assert {key for key, row in rows().items() if not row.base_url} == CONFIGURED


@pytest.mark.parametrize("row", ROWS)
def test_a_row_says_where_its_facts_come_from_and_when_they_were_checked(row: Row) -> None:
    assert row.docs.startswith("https://")
    assert date(2026, 11, 23) <= row.checked


@pytest.mark.parametrize("row", ROWS)
def test_a_key_variable_goes_with_a_header_for_the_key(row: Row) -> None:
    assert bool(row.key_env) == (row.auth != "none")
    assert all(name.isupper() for name in row.key_env)


def test_no_two_rows_want_the_same_key_variable() -> None:
    names = [name for row in rows().values() for name in row.key_env]
    assert len(names) == len(set(names))


def test_price_ids_exist_in_the_price_library() -> None:
    known = {provider.id for provider in get_snapshot().providers}
    assert {row.price_id for row in rows().values() if row.price_id} <= known


@pytest.mark.parametrize("row", ROWS)
def test_every_row_can_at_least_chat(row: Row) -> None:
    assert "chat" in row.capabilities


def test_no_bare_model_name_belongs_to_two_providers() -> None:
    for (one, first), (other, second) in combinations(rows().items(), 2):
        shared = [
            (a, b) for a in first.patterns for b in second.patterns if fnmatchcase(a, b) or fnmatchcase(b, a) or a == b
        ]
        assert not shared, (one, other)


def test_a_bare_name_shown_in_the_list_of_models_leads_to_no_other_provider() -> None:
    for key, row in rows().items():
        others = [p for other, rival in rows().items() if other != key for p in rival.patterns]
        assert [m for m in row.models if any(fnmatchcase(m, p) for p in others)] == []


def test_no_pattern_swallows_the_prefix_that_chooses_a_provider() -> None:
    for key, row in rows().items():
        assert [p for p in row.patterns if fnmatchcase(f"{key}/any-model", p)] == []


def test_the_first_model_of_a_row_can_be_a_default_because_it_chats() -> None:
    for row in rows().values():
        assert not any("embed" in model for model in row.models[:1])


def test_open_weight_names_are_nobodys() -> None:
    patterns = [p for row in rows().values() for p in row.patterns]
    names = ("gpt-oss-120b", "llama-3.3-70b", "qwen3-32b", "openai/gpt-oss-20b")
    assert [n for n in names if any(fnmatchcase(n, p) for p in patterns)] == []


def test_the_catalog_is_read_once() -> None:
    assert rows() is rows()


@pytest.mark.parametrize("change", [{"colour": "red"}, {"dialect": "french"}, {"auth": "cookie"}, {"checked": "soon"}])
def test_a_misspelt_row_is_refused(change: dict[str, str]) -> None:
    row = msgspec.to_builtins(rows()["groq"]) | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(row, Row)
