"""A right config becomes values, each as its setting reads it."""

from pathlib import Path

import pytest

from headworks.config import links, load, local_settings
from headworks.providers.link import Timeouts

EXAMPLE = """
server: {host: 127.0.0.1, port: 8080, workers: 1}
data_dir: ./headworks-data
store: sqlite
providers:
  openai:    {catalog: openai, api_key: "${OPENAI_API_KEY}"}
  anthropic: {catalog: anthropic, api_keys: ["${ANTHROPIC_KEY_A}", "${ANTHROPIC_KEY_B}"]}
  lab:       {dialect: openai, base_url: "http://127.0.0.1:9100/v1/", api_key: none}
models:
  fast:  {provider: openai, model: gpt-4o-mini, fallbacks: [haiku]}
  haiku: {provider: anthropic, model: claude-haiku-4-5}
  own:   {provider: lab, model: my-model, price_usd_per_mtok: {input: 0.10, output: 0.40}, context_tokens: 8192}
features:
  support-bot:
    model: fast
    capture: bodies
"""
KEYS = {"OPENAI_API_KEY": "sk-o", "ANTHROPIC_KEY_A": "sk-a", "ANTHROPIC_KEY_B": "sk-b"}


@pytest.fixture
def read(tmp_path):
    def read(text, **environ):
        path = tmp_path / "headworks.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ)

    return read


def test_the_published_example_loads(read):
    config = read(EXAMPLE, **KEYS)
    assert config.server.port == 8080
    assert config.models["own"].context_tokens == 8192
    assert config.models["own"].price_usd_per_mtok.prices().input == 100
    assert config.features["support-bot"].capture == "bodies"


def test_links_hold_what_calls_need(read):
    found = links(read(EXAMPLE, **KEYS))
    assert found["openai"].keys == ("sk-o",)
    assert found["openai"].base_url == "https://api.openai.com/v1"
    assert found["openai"].auth == "bearer"
    assert found["anthropic"].keys == ("sk-a", "sk-b")
    assert found["anthropic"].auth == "x-api-key"
    assert found["anthropic"].price_id == "anthropic"
    assert (found["lab"].keys, found["lab"].auth, found["lab"].catalog) == ((), "none", None)
    assert found["lab"].base_url == "http://127.0.0.1:9100/v1"


def test_paths_begin_at_the_files_folder(read, tmp_path):
    assert read(EXAMPLE, **KEYS).data_dir == tmp_path / "headworks-data"
    assert read("data_dir: /var/lib/headworks").data_dir == Path("/var/lib/headworks")


def test_a_key_can_be_in_a_file_beside_the_config(read, tmp_path):
    (tmp_path / "key.txt").write_text("  sk-from-file\n")
    config = read("providers:\n  openai: {catalog: openai, api_key: 'file:key.txt'}\n")
    assert links(config)["openai"].keys == ("sk-from-file",)


def test_variables_may_stand_inside_any_value(read):
    text = "server: {port: '${PORT}', host: '127.0.0.${LAST}'}\ndata_dir: /tmp/${NAME}\n"
    config = read(text, PORT="9000", LAST="2", NAME="x")
    assert (config.server.port, config.server.host, config.data_dir) == (9000, "127.0.0.2", Path("/tmp/x"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [("on", "on"), ("no", "no"), ("0777", "0777"), ("1e3", "1e3"), ("4.10", "4.10"), ("12:30", "12:30"),
     ("2026-11-23", "2026-11-23"), ("'null'", "null"), ("y", "y"), ("1_000", "1_000"), ("=", "=")],
)  # fmt: skip
def test_text_stays_as_it_was_written(read, written, meant):
    text = f"providers:\n  o: {{catalog: ollama}}\nmodels:\n  {meant if meant != '=' else 'a'}: "
    config = read(text + f"{{provider: o, model: {written}}}\n")
    assert [model.model for model in config.models.values()] == [meant]


def test_numbers_are_decimal_whatever_their_zeros(read):
    assert read("server: {port: 010}").server.port == 10
    assert read("server: {drain_grace_s: 1e1}").server.drain_grace_s == 10.0


def test_prices_are_exact(read):
    text = "providers:\n  o: {catalog: ollama}\nmodels:\n  a: {provider: o, model: m, price_usd_per_mtok: "
    prices = read(text + "{input: 0.1, output: 0.3, cached: 0.075, reasoning: 2}}\n").models["a"].price_usd_per_mtok
    assert prices.prices().output == 300
    assert prices.prices().cached == 75
    assert prices.prices().cache_write_5m is None


def test_an_empty_file_is_a_config_of_defaults(read):
    config = read("# nothing yet\n")
    assert (config.server.port, config.models, config.providers) == (8080, None, {})


def test_sections_whose_lines_are_commented_out_count_as_left_out(read):
    assert read("providers:\n  # o: {}\nfeatures:\ntelemetry:\n").providers == {}


def test_anchors_may_be_used(read):
    text = "providers:\n  a: {catalog: ollama, timeouts: &t {connect_s: 1}}\n  b: {catalog: vllm, timeouts: *t}\n"
    assert links(read(text))["b"].timeouts == Timeouts(connect_s=1.0)


def test_a_keyless_server_may_still_be_given_a_key(read):
    link = links(read("providers:\n  v: {catalog: vllm, api_key: abc, base_url: 'https://h/v1'}\n"))["v"]
    assert (link.auth, link.keys, link.base_url) == ("bearer", ("abc",), "https://h/v1")


def test_settings_of_a_provider_replace_its_rows(read):
    text = """
providers:
  o:
    catalog: openai
    api_key: none
    headers: {X-Team: blue}
    timeouts: {first_byte_s: 3, idle_s: 4, total_s: 5}
    capabilities: [chat]
    price_id: other
"""
    link = links(read(text))["o"]
    assert (link.auth, link.headers, link.capabilities) == ("none", {"x-team": "blue"}, {"chat"})
    assert link.timeouts == Timeouts(first_byte_s=3, idle_s=4, total_s=5)
    assert link.price_id == "other"


def test_the_local_model_is_set_up_by_its_provider(read):
    config = read("providers:\n  l: {catalog: local, local: {threads: 2, model_path: m.gguf}}\n")
    assert local_settings(config).threads == 2
    assert local_settings(config).model_path == "m.gguf"
    assert local_settings(read("providers:\n  l: {catalog: local}\n")).threads == 1
    assert local_settings(read("")) is None


def test_a_file_with_a_byte_order_mark_and_windows_lines_loads(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_bytes(b"\xef\xbb\xbfserver:\r\n  port: 81\r\n")
    assert load(path, {}).server.port == 81
