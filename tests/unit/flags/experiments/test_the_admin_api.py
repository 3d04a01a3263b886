"""The routes of experiments, called as the server calls them."""

import json
from typing import Any

import pytest
from fastapi import FastAPI

from headworks.core.errors import HeadworksError
from headworks.server.admin.experiments.routes import add_experiments


class Client:
    """Calls an app without a network; errors of ours are raised."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }

        async def receive():
            return {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}

        async def send(message):
            sent.append(message)

        await self._app(scope, receive, send)
        text = b"".join(message.get("body", b"") for message in sent)
        return sent[0]["status"], json.loads(text)


@pytest.fixture
def api(house):
    app = FastAPI()
    add_experiments(app, house.desk, house.watch)
    return Client(app)


WISH = {
    "feature": "bot",
    "variants": ["bot@7:90", "bot@8:10"],
    "set": ["bot@8.model=haiku"],
    "guards": ["cost", "errors"],
    "why": "Shorter answers.",
}


async def test_an_experiment_is_started_and_looked_at(api, house):
    status, made = await api("POST", "/admin/v1/experiments", WISH)
    assert (status, made["name"], made["state"], made["step"]) == (201, "bot-1", "running", 1)
    assert made["variants"][1] == {
        "name": "bot@8",
        "share": 10.0,
        "share_now": 10.0,
        "release": {"model": "haiku", "prompt": "bot@8"},
    }
    _, listed = await api("GET", "/admin/v1/experiments")
    assert listed["data"] == [made]
    _, one = await api("GET", "/admin/v1/experiments/bot")
    assert one["history"] == [
        {"at": "2026-01-01T00:00:00.000Z", "who": "admin API", "why": "Shorter answers.", "version": 1}
    ]


async def test_its_report_is_json_and_text(api, house):
    await api("POST", "/admin/v1/experiments", WISH)
    house.call(range(100))
    status, report = await api("GET", "/admin/v1/experiments/bot-1/report")
    assert (status, report["calls"], report["experiment"]) == (200, 100, "bot-1")
    assert report["text"].startswith("bot-1 on bot: too few users yet")


async def test_it_is_stopped_with_words_and_not_twice(api):
    await api("POST", "/admin/v1/experiments", WISH)
    _, over = await api("POST", "/admin/v1/experiments/bot/stop", {"why": "Too late."})
    assert (over["state"], over["ended"], over["ended_at"]) == ("stopped", "Too late.", "2026-01-01T00:00:00.000Z")
    with pytest.raises(HeadworksError) as caught:
        await api("POST", "/admin/v1/experiments/bot/stop")
    assert (caught.value.code, caught.value.status) == ("conflict", 409)


async def test_a_variant_is_promoted_and_later_left_to_the_config(api, house):
    await api("POST", "/admin/v1/experiments", WISH)
    _, over = await api("POST", "/admin/v1/experiments/bot/promote", {"variant": "bot@8"})
    assert (over["state"], over["winner"], over["in_force"]["model"]) == ("promoted", "bot@8", "haiku")
    assert over["variants"][1]["share_now"] == 0.0
    await api("POST", "/admin/v1/experiments/bot/stop", {"to_config": True})
    assert house.assignments.of("bot", "ann") is None


async def test_unknown_fields_are_refused(api):
    status, _ = await api("POST", "/admin/v1/experiments", {**WISH, "variant": []})
    assert status == 422
