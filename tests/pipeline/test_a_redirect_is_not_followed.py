"""Addresses come from the config alone: where a provider points, nobody goes."""

import pytest

from headworks.testing import Recipe


@pytest.mark.parametrize("client", ["openai", "anthropic"])
@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("stream", [False, True])
def test_a_redirect_is_an_error_that_does_not_tell_where_to(house, client, model, status, stream):
    elsewhere = f"{house.fake.base_url}/v1/elsewhere"
    house.fake.recipes(Recipe(status=status, redirect_to=elsewhere))
    answer = house.chat(client, model, stream=stream)
    house.fake.expect(1)
    assert answer.status == 502
    assert "redirect" in answer.error["message"]
    assert b"elsewhere" not in answer.body
    assert "location" not in answer.headers
    assert house.record(answer)["error_code"] == "provider_error"


@pytest.mark.parametrize("field", ["api_base", "base_url", "api_key", "endpoint"])
def test_a_client_that_names_an_address_changes_nothing(house, field):
    answer = house.chat("openai", "openai", **{field: "http://127.0.0.1:9/v1"})
    assert answer.status == 200
    (call,) = house.fake.expect(1)
    assert call.headers["authorization"] == "Bearer sk-oai-secret-0001"


@pytest.mark.parametrize("name", ["authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "host"])
@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
def test_no_credential_of_the_client_reaches_a_provider(house, name, model):
    value = f"Bearer {house.key}" if name == "authorization" else "client-secret-value"
    house.run(
        house.asking(
            {"model": model, "messages": [{"role": "user", "content": "Hi"}]},
            path="/v1/chat/completions",
            **{name.replace("-", "_"): value},
        )
    )
    (call,) = house.fake.expect(1)
    assert house.key not in str(call.headers)
    assert "client-secret-value" not in str(call.headers)
