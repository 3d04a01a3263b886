"""Without a file, the environment's keys say which providers there are."""

import pytest

from headworks.config import ConfigError, find_config, from_environment, links, router
from headworks.core.messages import Caller

ANYBODY = Caller(key_id="k", key_name="k", org_id="o")


def test_every_key_that_is_set_brings_its_provider_in_the_catalogs_order():
    config = from_environment({"GROQ_API_KEY": "g", "ANTHROPIC_API_KEY": " a\n", "OPENAI_API_KEY": ""}, local=True)
    assert list(config.providers) == ["anthropic", "groq", "local"]
    assert links(config)["anthropic"].keys == ("a",)


def test_the_first_variable_that_is_set_counts():
    config = from_environment({"GOOGLE_API_KEY": "second", "GEMINI_API_KEY": "first"}, local=False)
    assert links(config)["gemini"].keys == ("first",)


def test_a_provider_whose_address_nobody_knows_is_left_out():
    assert from_environment({"AZURE_OPENAI_API_KEY": "k"}, local=False).providers == {}


def test_a_broken_key_is_a_problem_of_its_variable():
    with pytest.raises(ConfigError) as caught:
        from_environment({"OPENAI_API_KEY": "two words"}, local=False)
    assert str(caught.value) == "environment: OPENAI_API_KEY: a key must be printable ASCII without spaces"


def test_the_model_lists_of_the_catalog_are_offered():
    names = router(from_environment({"OPENAI_API_KEY": "k"}, local=True)).models(ANYBODY)
    assert ("local/local", "local") in names
    assert all(name.startswith(f"{provider}/") for name, provider in names)


def test_a_named_file_goes_before_the_variable_and_the_variable_before_the_environment(tmp_path):
    for name, port in (("a", 1), ("b", 2)):
        (tmp_path / name).write_text(f"server: {{port: {port}}}")
    environ = {"HEADWORKS_CONFIG": str(tmp_path / "b"), "OPENAI_API_KEY": "k"}
    assert find_config(tmp_path / "a", environ).server.port == 1
    assert find_config(None, environ).server.port == 2
    assert "openai" in find_config(None, {"OPENAI_API_KEY": "k"}).providers
