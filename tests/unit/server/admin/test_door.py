"""Who gets in, and what is turned away before anything is read."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headworks.identity.records import KeySpec

EVERY_PATH = ["/admin/v1/keys", "/admin/v1/traces", "/admin/v1/config", "/admin/v1/openapi.json", "/admin/v1/nothing"]


@pytest.mark.parametrize("path", EVERY_PATH)
async def test_nobody_gets_in_without_a_key(admin: Any, path: str) -> None:
    answer = await admin("GET", path, accept="*/*")
    assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "key", ["wrong", "' OR 1=1 --", "x" * 60_000, "hw-aaaaaaaa-" + "b" * 43, "the-admin-key-of-this-tes"]
)
@pytest.mark.parametrize("path", EVERY_PATH)
async def test_a_wrong_key_is_a_401_on_every_path(admin: Any, path: str, key: str) -> None:
    for headers in ({"authorization": f"Bearer {key}"}, {"x_api_key": key}, {"authorization": f"Basic {key}"}):
        answer = await admin("GET", path, **headers)
        assert (answer.status, answer.error["code"]) == (401, "invalid_api_key")
        assert key not in answer.error["message"]


async def test_a_virtual_key_is_no_admin_key(admin: Any) -> None:
    made = admin.ring.create(KeySpec(name="bot"))
    answer = await admin("GET", "/admin/v1/keys", authorization=f"Bearer {made.key}")
    assert (answer.status, answer.error["code"]) == (403, "forbidden")
    admin.ring.revoke(made.id)
    assert (await admin("GET", "/admin/v1/keys", authorization=f"Bearer {made.key}")).status == 401


async def test_the_admin_key_is_taken_from_either_header(admin: Any) -> None:
    for headers in (
        {"authorization": "bearer the-admin-key-of-this-test"},
        {"x_api_key": "the-admin-key-of-this-test"},
    ):
        assert (await admin("GET", "/admin/v1/keys", **headers)).status == 200


async def test_a_long_body_is_a_413_whether_announced_or_not(admin: Any) -> None:
    body = b'{"name": "' + b"x" * 150_000 + b'"}'
    key = "Bearer the-admin-key-of-this-test"
    for headers in ({"authorization": key}, {"authorization": key, "content_length": str(len(body))}):
        answer = await admin("POST", "/admin/v1/keys", body, **headers)
        assert (answer.status, answer.error["code"]) == (413, "invalid_request")


async def test_a_broken_key_store_is_a_503(admin: Any) -> None:
    admin.ring.close()
    answer = await admin("GET", "/admin/v1/keys", authorization="Bearer hw-aaaaaaaa-" + "b" * 43)
    assert (answer.status, answer.error["code"]) == (503, "store_unavailable")
    answer = await admin("GET", "/admin/v1/keys")
    assert (answer.status, answer.error["code"]) == (503, "store_unavailable")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/admin/v1", 404, "not_found"),
        ("GET", "/admin/v1/", 404, "not_found"),
        ("GET", "/admin/v1/keys/", 404, "not_found"),
        ("GET", "/admin/v1/docs", 404, "not_found"),
        ("GET", "/admin/v1/redoc", 404, "not_found"),
        ("DELETE", "/admin/v1/keys", 405, "method_not_allowed"),
        ("OPTIONS", "/admin/v1/keys", 405, "method_not_allowed"),
        ("GET", "/admin/v1/explain", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_says_so_in_json(admin: Any, method: str, path: str, status: int, code: str) -> None:
    answer = await admin(method, path)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_first_requests_at_once_build_the_api_once(admin: Any) -> None:
    answers = await asyncio.gather(*(admin("GET", "/admin/v1/keys") for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8


def test_the_door_alone_does_not_import_fastapi() -> None:
    source = Path(__file__).parents[4] / "src"
    check = "import sys, headworks.server.admin; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], env={"PYTHONPATH": str(source)}, check=False).returncode == 0
