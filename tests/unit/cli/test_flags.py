"""Kill switches on the command line, on a data directory and through the admin API, and what they refuse."""

import pytest


def test_a_switch_is_flipped_listed_and_flipped_back_with_its_story(headworks):
    assert "Nothing is switched off" in headworks("flags", "switches").out
    ran = headworks("flags", "kill", "feature", "bot", "--for", "2h", "--why", "wrong \x1b[31m words")
    assert ran.code == 0
    assert ran.out.startswith("feature bot is off, until 20")
    (row,) = headworks("flags", "switches", "--json").json
    assert (row["kind"], row["name"], row["who"], row["now"]) == ("feature", "bot", "command line", False)
    assert "\x1b" not in headworks("flags", "switches").out
    assert headworks("flags", "revive", "feature", "bot", "--why", "better").out == "feature bot is on again.\n"
    done, first = headworks("flags", "log", "--json").json
    assert (done["done"], done["why"], first["done"], first["until"][:2]) == ("on", "better", "off", "20")


def test_everything_is_meant_where_no_name_is_needed(headworks):
    assert headworks("flags", "kill", "all", "--why", "w", "--now").out == "all all is off.\n"
    assert headworks("flags", "kill", "cache", "--why", "w").out == "cache all is off.\n"
    assert headworks("flags", "revive", "all").code == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("kill", "feture", "bot", "--why", "w"), "There are: all, feature"),
        (("kill", "feature", "--why", "w"), "Say which feature"),
        (("kill", "feature", "bot", "--why", " "), "Say why"),
        (("kill", "feature", "bot", "--why", "w", "--for", "2 weeks"), "is not a duration"),
        (("kill", "all", "bot", "--why", "w"), "Say which all"),
        (("kill", "user", "u" * 400, "--why", "w"), "300 characters"),
        (("revive", "model", "fast"), "is not switched off. Off now: nothing"),
    ],
)
def test_what_is_not_clear_is_refused(headworks, command, words):
    ran = headworks("flags", *command)
    assert ran.code == 1
    assert words in ran.err


def test_a_reason_is_asked_for(headworks):
    assert headworks("flags", "kill", "feature", "bot").code == 2


def test_a_running_gateway_is_told(headworks, gateway, monkeypatch):
    monkeypatch.setenv("HEADWORKS_ADMIN_KEY", "hw-admin-secret")
    headworks("flags", "kill", "model", "fast", "--why", "w", "--for", "1m", "--now", "--url", gateway.url)
    headworks("flags", "revive", "model", "a/b", "--why", "so", "--url", gateway.url)
    body = {"kind": "model", "name": "fast", "why": "w", "seconds": 60.0, "now": True}
    assert gateway.asked == [
        ("POST", "/admin/v1/switches", body),
        ("DELETE", "/admin/v1/switches/model/a%2Fb?why=so", None),
    ]


CONFIG = """
providers:
  lab: {dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: none}
models:
  fast: {provider: lab, model: lab-small}
features:
  support-bot: {model: fast}
"""


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("feature", "suport-bot", "The config has no feature `suport-bot`. Did you mean `support-bot`?"),
        ("model", "slow", "The config has no model `slow`."),
        ("provider", "lap", "Did you mean `lab`?"),
        ("feature", "support-bot", None),
        ("feature", "default", None),
        ("model", "lab-small", None),
        ("org", "anybody", None),
    ],
)
def test_a_name_that_the_config_does_not_have_is_remarked_on(headworks, tmp_path, kind, name, words):
    (tmp_path / "headworks.yaml").write_text(CONFIG)
    ran = headworks("flags", "kill", kind, name, "--why", "w", "--config", "headworks.yaml")
    assert ran.code == 0
    assert "is off" in ran.out
    assert ("But:" in ran.out) == (words is not None)
    assert words is None or words in ran.out


def test_without_models_in_the_config_any_model_may_be_meant(headworks):
    assert "But:" not in headworks("flags", "kill", "model", "local", "--why", "w").out
