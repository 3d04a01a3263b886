"""What the caller did wrong is told at once: no other provider is asked, and none when the gateway can see it."""

import pytest

from headworks.testing import Recipe


@pytest.mark.parametrize("client", ["openai", "anthropic"])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("recipe", "status", "code"),
    [
        (Recipe(status=400), 400, "invalid_request"),
        (Recipe(status=422), 422, "invalid_request"),
        (Recipe(error_code="context_length_exceeded"), 400, "context_length_exceeded"),
        (Recipe(error_code="content_filter"), 400, "content_policy_violation"),
    ],
)
def test_a_provider_says_the_request_is_wrong(house, client, stream, recipe, status, code):
    house.fake.recipes(recipe)
    answer = house.chat(client, "first", stream=stream)
    house.fake.expect(1)
    assert answer.status == status
    assert answer.headers["x-should-retry"] == "false"
    found = house.record(answer)
    assert found["error_code"] == code
    assert len(found["attempts"]) == 1


@pytest.mark.parametrize("client", ["openai", "anthropic"])
def test_the_gateway_sees_it_and_asks_nobody(house, client):
    answer = house.chat(client, "first", messages=[])
    assert answer.status == 400
    assert house.chat(client, "nobody").status == 404
    house.fake.expect(0)
    assert house.record(answer)["attempts"] == []
