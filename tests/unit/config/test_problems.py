"""Every problem is found at once, at its line and column, with what was meant."""

from pathlib import Path

import pytest

from headworks.config import ConfigError, load

LAB = "providers:\n  lab: {dialect: openai, base_url: 'http://127.0.0.1:9/v1', api_key: none}\n"

CASES = {
    "an unknown key": ("server:\n  prot: 80\n", (2, 3), "unknown key `prot`", "port"),
    "an unknown section": ("providrs: {}\n", (1, 1), "unknown key `providrs`", "providers"),
    "an unknown key far from any": ("server: {zzzzzz: 1}\n", (1, 10), "known here: drain_grace_s, host", None),
    "an unknown key deep down": ("telemetry:\n  logs:\n    levl: info\n", (3, 5), "unknown key `levl`", "level"),
    "text for a number": ("server:\n  port: http\n", (2, 9), "should be a whole number", None),
    "a fraction for a whole number": ("server: {port: 80.5}\n", (1, 16), "should be a whole number", None),
    "true for a number": ("server: {port: true}\n", (1, 16), "should be a whole number", None),
    "an exponent for a whole number": ("server: {workers: 1e3}\n", (1, 19), "should be a whole number", None),
    "hexadecimal": ("server: {port: 0x50}\n", (1, 16), "should be a whole number", None),
    "not a number": ("server: {drain_grace_s: .nan}\n", (1, 25), "should be a", None),
    "infinity": ("server: {drain_grace_s: inf}\n", (1, 25), "should be at most 86400", None),
    "below the least": ("server: {workers: 0}\n", (1, 19), "should be at least 1", None),
    "above the most": ("server: {port: 70000}\n", (1, 16), "should be at most 65535", None),
    "a list for a mapping": ("server: [1]\n", (1, 9), "should be a mapping of keys", None),
    "a mapping for text": ("server: {host: {a: b}}\n", (1, 16), "should be text", None),
    "text for a list": (LAB + "models:\n  a: {provider: lab, model: m, fallbacks: b}\n", (4, 43), "a list", None),
    "another store": ("store: postgresql://u:p@h/d\n", (1, 8), "only `sqlite` is available in this version", None),
    "a server that is none": ("shared: http://h\n", (1, 9), "begins with `redis://`", None),
    "a feature key of a later version": (
        "features:\n  bot:\n    retrieval: {index: handbook}\n",
        (3, 5),
        "`retrieval` is not available in this version",
        None,
    ),
    "an unknown catalog row": ("providers:\n  o: {catalog: opnai}\n", (2, 16), "no row of this name", "openai"),
    "a provider that is nothing": ("providers:\n  o: {}\n", (2, 6), "needs `catalog`, or `dialect`", None),
    "an empty provider": ("providers:\n  o:\n", (2, 5), "should be a mapping of keys", None),
    "an unknown dialect": (
        "providers:\n  o: {dialect: opnai, base_url: 'http://h'}\n",
        (2, 16),
        "should be one of openai, anthropic, gemini",
        "openai",
    ),
    "a catalog row and a dialect": (
        "providers:\n  o: {catalog: openai, dialect: openai, api_key: k}\n",
        (2, 6),
        "leave out `dialect`",
        None,
    ),
    "no key": ("providers:\n  o: {catalog: openai}\n", (2, 6), 'api_key: "${OPENAI_API_KEY}"', None),
    "no key and no catalog": (
        "providers:\n  o: {dialect: openai, base_url: 'http://h'}\n",
        (2, 6),
        "`api_key: none` for a provider without keys",
        None,
    ),
    "two ways to give keys": (
        "providers:\n  o: {catalog: openai, api_key: a, api_keys: [b]}\n",
        (2, 6),
        "`api_key` or `api_keys`, not both",
        None,
    ),
    "no keys in the list": ("providers:\n  o: {catalog: openai, api_keys: []}\n", (2, 34), "not be empty", None),
    "a key with a line break": (
        'providers:\n  o: {catalog: openai, api_key: "a\\r\\nx: y"}\n',
        (2, 33),
        "printable ASCII without spaces",
        None,
    ),
    "an address only the user knows": ("providers:\n  o: {catalog: azure, api_key: k}\n", (2, 6), "`base_url`", None),
    "an address of another kind": (
        "providers:\n  o: {dialect: openai, base_url: 'file:///etc/passwd', api_key: none}\n",
        (2, 34),
        "begins with http:// or https://",
        None,
    ),
    "an address with a user": (
        "providers:\n  o: {dialect: openai, base_url: 'http://u:p@h/v1', api_key: none}\n",
        (2, 34),
        "must not hold a user or a password",
        None,
    ),
    "an address with a query": (
        "providers:\n  o: {dialect: openai, base_url: 'http://h/v1?a=b', api_key: none}\n",
        (2, 34),
        "must not have a query",
        None,
    ),
    "an address without a host": (
        "providers:\n  o: {dialect: openai, base_url: 'http:///v1', api_key: none}\n",
        (2, 34),
        "names a host",
        None,
    ),
    "a port that is none": (
        "providers:\n  o: {dialect: openai, base_url: 'http://h:99999/v1', api_key: none}\n",
        (2, 34),
        "not a web address",
        None,
    ),
    "a header of the gateway's own": (
        "providers:\n  o: {catalog: ollama, headers: {Host: x}}\n",
        (2, 33),
        "`host` is set by the gateway",
        None,
    ),
    "a provider name with a slash": ("providers:\n  a/b: {catalog: ollama}\n", (2, 3), "letters, digits, dots", None),
    "local settings elsewhere": (
        "providers:\n  o: {catalog: ollama, local: {threads: 2}}\n",
        (2, 6),
        "only with `catalog: local`",
        None,
    ),
    "an unknown provider": (LAB + "models:\n  a: {provider: lba, model: m}\n", (4, 17), "called `lba`", "lab"),
    "a model without a provider": (LAB + "models:\n  a: {model: m}\n", (4, 3), "this key is needed", None),
    "an unknown fallback": (
        LAB + "models:\n  a: {provider: lab, model: m}\n  b: {provider: lab, model: m, fallbacks: [aa]}\n",
        (5, 44),
        "no model is called `aa`",
        "a",
    ),
    "a fallback to itself": (
        LAB + "models:\n  a: {provider: lab, model: m, fallbacks: [a]}\n",
        (4, 44),
        "in a circle: a -> a",
        None,
    ),
    "a circle of fallbacks": (
        LAB + "models:\n  a: {provider: lab, model: m, fallbacks: [b]}\n  b: {provider: lab, model: m, fallbacks: [a]}",
        (5, 44),
        "in a circle: a -> b -> a",
        None,
    ),
    "no models": (LAB + "models: {}\n", (3, 9), "no model is named here", None),
    "models all commented out": (LAB + "models:\n", (3, 8), "no model is named here", None),
    "a reserved model name": (LAB + "models:\n  auto: {provider: lab, model: m}\n", (4, 3), "of their own", None),
    "a model in a feature's name": (
        LAB + "models:\n  bot: {provider: lab, model: m}\nfeatures:\n  bot: {model: bot}\n",
        (4, 3),
        "a feature has the same name",
        None,
    ),
    "a feature with an unknown model": (
        LAB + "models:\n  fast: {provider: lab, model: m}\nfeatures:\n  bot: {model: fsat}\n",
        (6, 16),
        "no model is called `fsat`",
        "fast",
    ),
    "a feature with a model nobody has": (
        "providers:\n  openai: {catalog: openai, api_key: k}\nfeatures:\n  bot: {model: llama}\n",
        (4, 16),
        "no provider of this file has the model `llama`",
        None,
    ),
    "an unknown capture": (
        "features:\n  bot: {capture: body}\n",
        (2, 18),
        "should be one of none, bodies",
        "bodies",
    ),
    "a negative price": (
        LAB + "models:\n  a: {provider: lab, model: m, price_usd_per_mtok: {input: -1, output: 1}}\n",
        (4, 60),
        "should be at least 0",
        None,
    ),
    "a price too fine": (
        LAB + "models:\n  a: {provider: lab, model: m, price_usd_per_mtok: {input: 0.00001, output: 1}}\n",
        (4, 60),
        "exact to a thousandth",
        None,
    ),
    "a variable that is not set": (
        "providers:\n  o: {catalog: openai, api_key: '${NO_KEY}'}\n",
        (2, 33),
        "the environment variable NO_KEY is not set",
        None,
    ),
    "a broken reference": ("server: {host: '${a b}'}\n", (1, 16), "is written `${NAME}`", None),
    "an unclosed reference": ("server: {host: '${HOST'}\n", (1, 16), "is written `${NAME}`", None),
    "a secret file that is not there": (
        "providers:\n  o: {catalog: openai, api_key: 'file:none/such'}\n",
        (2, 33),
        "cannot be read: No such file",
        None,
    ),
    "a repeated key": ("server: {port: 1}\nserver: {port: 2}\n", (2, 1), "already given in line 1", None),
    "a repeated model": (
        LAB + "models:\n  a: {provider: lab, model: m}\n  a: {provider: lab, model: n}\n",
        (5, 3),
        "the key `a` was already given in line 4",
        None,
    ),
    "a key that is a list": ("? [a]\n: b\n", (1, 3), "a key must be plain text", None),
    "a list as the whole": ("- a\n", (1, 1), "a config is a mapping of keys", None),
    "a tag": ("data_dir: !!python/object/apply:os.system [x]\n", (1, 11), "tags", None),
    "a tag of one's own": ("data_dir: !secret x\n", (1, 11), "tags", None),
    "a tab": ("server:\n\tport: 1\n", (2, 1), "not readable as YAML", None),
    "an open bracket": ("server: {port: 1\n", (2, 1), "not readable as YAML", None),
    "an unknown alias": ("server: *nobody\n", (1, 9), "not readable as YAML: found undefined alias", None),
    "two documents": ("server: {}\n---\nserver: {}\n", (2, 1), "not readable as YAML", None),
    "a control character": ("server:\n  host: 'a\x00'\n", (2, 11), "control character", None),
}


@pytest.mark.parametrize("case", CASES)
def test_each_problem_stands_at_its_place_with_what_was_meant(problems, case):
    text, (line, column), message, suggestion = CASES[case]
    found = problems(text)
    assert [(p.line, p.column) for p in found] == [(line, column)], [str(p) for p in found]
    assert message in found[0].message
    assert found[0].suggestion == suggestion


def test_all_problems_come_at_once_in_the_order_of_lines(problems):
    text = (
        "server: {port: x}\nstore: redis\nproviders:\n  o: {catalog: opnai, api_key: '${X}'}\n"
        "models:\n  a: {provider: oo, model: m, fallbacks: [b]}\nfeatures:\n  bot: {model: c, promt: p}\n"
    )
    found = problems(text)
    assert [(p.line, p.path) for p in found] == [
        (1, "server.port"),
        (2, "store"),
        (4, "providers.o.catalog"),
        (4, "providers.o.api_key"),
        (6, "models.a.provider"),
        (6, "models.a.fallbacks[0]"),
        (8, "features.bot.model"),
        (8, "features.bot.promt"),
    ]


def test_a_problem_reads_like_a_compilers(problems):
    found = problems("server: {prot: 1}\n")
    assert str(found[0]).endswith("headworks.yaml:1:10: server.prot: unknown key `prot` (did you mean `port`?)")


def test_a_missing_file_says_how_to_get_one(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file.*headworks init"):
        load(tmp_path / "none.yaml", {})


@pytest.mark.parametrize(("content", "message"), [(b"a: \xff", "is not UTF-8"), (b"#" * 1_048_577, "has more than")])
def test_a_file_that_is_no_config_is_refused_unread(tmp_path, content, message):
    path = tmp_path / "c.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load(path, {})


def test_a_folder_is_no_config(tmp_path):
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, {})


def test_a_path_with_a_nul_is_no_config():
    with pytest.raises(ConfigError, match="not a path"):
        load(Path("a\0b"), {})


@pytest.mark.parametrize("depth", [40, 400, 20_000])
def test_deep_nesting_is_a_problem_not_a_crash(problems, depth):
    (found,) = problems("a: " + "[" * depth + "]" * depth)
    assert "levels deep" in found.message


def test_an_alias_bomb_is_a_problem_not_a_crash(problems):
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    found = problems("\n".join(rows))
    assert "more values than any config has" in found[0].message


def test_an_alias_that_holds_itself_is_a_problem_not_a_crash(problems):
    assert problems("a: &a [*a]\n")
