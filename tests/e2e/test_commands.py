"""The commands as a person runs them: beside a running gateway, on its data directory, and through its admin API."""

import asyncio
import http.client
import json
import sys
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

WAYS = ["data directory", "admin API"]
SOON_S = 1.0


async def run(gateway, *words, stdin=b"", **environ):
    """Exit code, output and complaints of a command line; whatever happens, it never shows a traceback."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headworks",
        *words,
        cwd=gateway.folder,
        env=gateway.environ | environ,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await asyncio.wait_for(process.communicate(stdin), 30)
    assert b"Traceback" not in output + complaints
    return process.returncode, output.decode(), complaints.decode()


async def headworks(gateway, *words, way="data directory"):
    """The output of a command that is done, reaching the gateway's data in the way given."""
    reach = ("--config", str(gateway.config)) if way == "data directory" else ("--url", gateway.url)
    code, output, complaints = await run(gateway, *words, *reach, HEADWORKS_ADMIN_KEY=gateway.admin_key)
    assert code == 0, complaints
    return output


async def chat(gateway, key, model="gpt"):
    """Status and trace id of a call with `key`."""
    return await asyncio.to_thread(_chat, urlsplit(gateway.url), key, model)


def _chat(place, key, model):
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello there"}]})
    try:
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers["x-request-id"]
    finally:
        connection.close()


async def until_status(gateway, key, status):
    """Wait until a call with `key` ends so."""
    async with asyncio.timeout(SOON_S):
        while (await chat(gateway, key))[0] != status:
            pass  # each look is a call: the pause is the answer's


@pytest.mark.parametrize("way", WAYS)
async def test_a_key_lives_and_dies_by_commands_while_the_gateway_runs(gateway, fake, way):
    words = ("keys", "create", "laptop", "--org", "acme", "--models", "gpt", "--json")
    made = json.loads(await headworks(gateway, *words, way=way))
    await until_status(gateway, made["key"], 200)
    assert (await chat(gateway, made["key"], model="claude"))[0] == 403

    words = ("keys", "rotate", made["id"], "--overlap", "1h", "--json")
    heir = json.loads(await headworks(gateway, *words, way=way))
    await until_status(gateway, heir["key"], 200)
    assert (await chat(gateway, made["key"]))[0] == 200, "the old one goes on for the overlap"

    assert "revoked" in await headworks(gateway, "keys", "revoke", heir["id"], way=way)
    await until_status(gateway, heir["key"], 401)

    rows = json.loads(await headworks(gateway, "keys", "list", "--json", way=way))
    states = {row["id"]: row["status"] for row in rows}
    assert (states[made["id"]], states[heir["id"]]) == ("replaced", "revoked")
    assert "hw-" not in json.dumps(rows)


@pytest.mark.parametrize("way", WAYS)
async def test_traces_are_listed_shown_and_exported_beside_the_running_gateway(gateway, fake, way, tmp_path):
    _, trace_id = await chat(gateway, gateway.key)
    async with asyncio.timeout(5):
        while trace_id not in (listed := await headworks(gateway, "traces", "list", "--limit", "5", way=way)):
            pass
    assert "gpt" in listed
    shown = json.loads(await headworks(gateway, "traces", "show", trace_id, "--json", way=way))
    assert (shown["trace_id"], shown["status"], shown["provider"]) == (trace_id, "ok", "oai")
    assert shown["cost_usd"] > 0
    file = tmp_path / "calls.jsonl"
    await headworks(gateway, "traces", "export", str(file), "--since", "1h", way=way)
    exported = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    (found,) = [record for record in exported if record["trace_id"] == trace_id]
    assert found["total_tokens"] == shown["total_tokens"]


async def test_traces_are_exported_as_parquet(gateway, fake, tmp_path):
    _, trace_id = await chat(gateway, gateway.key)
    file = tmp_path / "calls.parquet"
    async with asyncio.timeout(5):
        while True:
            await headworks(gateway, "traces", "export", str(file), "--format", "parquet")
            rows = {row["trace_id"]: row for row in pq.read_table(file).to_pylist()}
            if trace_id in rows:
                break
    assert rows[trace_id]["status"] == "ok"
    assert rows[trace_id]["model"] == "gpt"


@pytest.mark.parametrize("way", WAYS)
async def test_tail_shows_calls_as_they_end_and_leaves_quietly(gateway, fake, way):
    reach = ("--config", str(gateway.config)) if way == "data directory" else ("--url", gateway.url)
    tail = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "headworks",
        "traces",
        "tail",
        "--json",
        *reach,
        cwd=gateway.folder,
        env=gateway.environ | {"HEADWORKS_ADMIN_KEY": gateway.admin_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    seen, ids = set(), set()
    try:
        async with asyncio.timeout(20):
            while not seen & ids:  # the first calls may come before it looks
                ids.add((await chat(gateway, gateway.key))[1])
                try:
                    line = await asyncio.wait_for(tail.stdout.readline(), 0.3)
                    seen.add(json.loads(line)["trace_id"])
                except TimeoutError:
                    continue
    finally:
        tail.send_signal(2)
        _, complaints = await asyncio.wait_for(tail.communicate(), 10)
    assert tail.returncode in (0, 130)
    assert complaints == b""


async def test_doctor_reaches_every_provider_and_says_what_is_wrong(gateway, fake):
    found = json.loads(await headworks(gateway, "doctor", "--json"))
    assert found["ok"]
    assert {"provider oai", "provider ant", "provider gem"} <= {finding["subject"] for finding in found["findings"]}
    assert "sk-provider-secret" not in json.dumps(found)


async def test_doctor_fails_when_nobody_answers(gateway):
    code, output, _ = await run(gateway, "doctor", "--config", str(gateway.config))
    assert code == 1
    assert "BAD  provider oai" in output
    assert "sk-provider-secret" not in output


async def test_explain_calls_nobody(gateway, fake):
    output = await headworks(gateway, "explain", "--model", "feature/diary")
    assert "gpt-4o-mini" in output
    body = json.dumps({"model": "claude", "messages": [{"role": "user", "content": "x"}], "logit_bias": {}}).encode()
    words = ("explain", "/dev/stdin", "--json", "--config", str(gateway.config))
    code, output, _ = await run(gateway, *words, stdin=body)
    assert code == 1
    assert "logit_bias" in json.loads(output)[-1]["decision"]
    fake.expect(0)


async def test_check_tells_line_and_column_and_the_word_that_was_meant(gateway, tmp_path):
    code, output, _ = await run(gateway, "check", "--config", str(gateway.config))
    assert (code, output[:19]) == (0, "The config is right")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(
        "models:\n  a: {provider: lab, modell: x}\nproviders:\n  lab: {dialect: openai}\n", encoding="utf-8"
    )
    code, output, _ = await run(gateway, "check", "--config", str(wrong))
    assert code == 1
    assert f"{wrong}:2:" in output
    assert "model" in output


REFUSED = [
    (1, WAYS[0], ("keys", "revoke", "nobody-has-this-id")),
    (1, WAYS[1], ("keys", "revoke", "nobody-has-this-id")),
    (1, WAYS[0], ("keys", "create", "late", "--expires", "yesterday")),
    (1, WAYS[0], ("traces", "show", "0" * 32)),
    (1, WAYS[1], ("traces", "show", "../../etc/passwd")),
    (1, WAYS[1], ("traces", "list", "--cursor", "nonsense")),
    (1, WAYS[0], ("traces", "list", "--since", "soon")),
    (2, WAYS[0], ("traces", "list", "--limit", "many")),
    (2, WAYS[0], ("keys", "crate", "x")),
]


@pytest.mark.parametrize(("code", "way", "words"), REFUSED, ids=[" ".join(case[2]) for case in REFUSED])
async def test_what_cannot_be_done_is_said_in_a_sentence(gateway, code, way, words):
    reach = ("--config", str(gateway.config)) if way == "data directory" else ("--url", gateway.url)
    found, output, complaints = await run(gateway, *words, *reach, HEADWORKS_ADMIN_KEY=gateway.admin_key)
    assert (found, output) == (code, "")
    assert complaints.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("keys", "list", "--url", "URL"), "HEADWORKS_ADMIN_KEY"),
        (("keys", "list", "--url", "http://127.0.0.1:9"), "127.0.0.1:9"),
        (("serve", "--config", "nowhere.yaml"), "nowhere.yaml"),
        (("explain", "nobody.json", "--config", "headworks.yaml"), "nobody.json"),
    ],
)
async def test_what_is_missing_is_named(gateway, words, said):
    key = {} if said == "HEADWORKS_ADMIN_KEY" else {"HEADWORKS_ADMIN_KEY": "hw-admin-wrong"}
    line = [gateway.url if word == "URL" else word for word in words]
    code, output, complaints = await run(gateway, *line, **key)
    assert code == 1
    assert said in output + complaints


@pytest.mark.parametrize("key", ["hw-admin-wrong", "KEY"])
async def test_another_key_than_the_admins_is_refused(gateway, key):
    shown = gateway.key if key == "KEY" else key
    code, output, complaints = await run(gateway, "traces", "list", "--url", gateway.url, HEADWORKS_ADMIN_KEY=shown)
    assert (code, output) == (1, "")
    assert shown not in complaints
