"""`headworks doctor`: try everything a config names, and say what is wrong and what to do."""

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path

import apsw
import msgspec
from msgspec import Struct, structs

from headworks.cli.output import AsJson, json_text
from headworks.config import Config, ConfigError, find_config, links, local_settings
from headworks.core.clock import SystemClock
from headworks.core.errors import ProviderError, StoreError
from headworks.core.policy import Patience
from headworks.providers.link import Link
from headworks.providers.local.model import LocalModel
from headworks.providers.local.weights import HOW_TO_INSTALL
from headworks.providers.outbound.http import Errand, Outbound
from headworks.providers.secrets import auth_header
from headworks.storage.sqlite import connect
from headworks.telemetry.alerts.channels import apprise_missing

_FINE, _WRONG = 0, 1
_ANSWER_BYTES = 16 * 1024 * 1024
_PATIENCE = Patience(first_byte_s=10, idle_s=10)
_VERSION_HEADERS = {"anthropic": {"anthropic-version": "2023-06-01"}}
"""Headers without which a dialect answers nothing (docs.claude.com/en/api/versioning, read 2026-11-23)."""


class Finding(Struct, frozen=True):
    """One thing that was tried: what, how it went, and what to do if it went wrong."""

    subject: str
    ok: bool
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """One line, with the advice below."""
        line = f"{'ok  ' if self.ok else 'BAD '} {self.subject}: {self.message}"
        return f"{line}\n     -> {self.advice}" if self.advice else line


def _fine(subject: str, message: str, advice: str = "") -> Finding:
    return Finding(subject, ok=True, message=message, advice=advice)


def _bad(subject: str, message: str, advice: str) -> Finding:
    return Finding(subject, ok=False, message=message, advice=advice)


def doctor(config: Path | None = None, *, json: AsJson = False) -> int:
    """Reach every provider and the store, and say what is wrong.

    Example: headworks doctor --config headworks.yaml

    Args:
        config: The config; else the one HEADWORKS_CONFIG names, else the environment's.
        json: Print JSON for programs.

    Returns:
        Exit code: 0 when all is well, 1 when something is not.
    """
    try:
        found = find_config(config, os.environ)
    except ConfigError as error:
        findings = [_bad("config", str(problem), "mend this first") for problem in error.problems]
    else:
        findings = asyncio.run(examine(found))
    well = all(finding.ok for finding in findings)
    if json:
        print(json_text({"ok": well, "findings": [structs.asdict(finding) for finding in findings]}))
    else:
        print("\n".join(map(str, findings)))
    return _FINE if well else _WRONG


async def examine(config: Config) -> list[Finding]:
    """Try everything `config` names."""
    findings = [_fine("config", f"{len(config.providers)} providers"), *_storage(config.data_dir)]
    findings += _extras(config)
    if not config.providers:
        advice = f"Set a provider's key, such as OPENAI_API_KEY, or write a config. {HOW_TO_INSTALL}"
        findings.append(_bad("providers", "there is none", advice))
    return findings + await _providers(config)


def _storage(folder: Path) -> list[Finding]:
    subject = f"data_dir {folder}"
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return [_bad(subject, f"{existing} is not a folder one can write to", "Choose another `data_dir`.")]
    if existing != folder:
        return [_fine(subject, "will be made at the first start")]
    return [_fine(subject, "can be written to"), *map(_database, sorted(folder.glob("*.sqlite")))]


def _database(path: Path) -> Finding:
    try:
        connection = connect(path, read_only=True)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.close()
    except (StoreError, apsw.Error) as error:
        return _bad(path.name, f"cannot be read ({error})", "Move the file away; a new one is made at the next start.")
    return _fine(path.name, "opens")


def _extras(config: Config) -> list[Finding]:
    findings = []
    settings = local_settings(config)
    if settings is not None:
        installed = LocalModel(settings, SystemClock()).installed()
        missing = _bad("local model", "not installed, or its file is missing", HOW_TO_INSTALL)
        findings.append(_fine("local model", "installed") if installed else missing)
    if config.telemetry.otlp.endpoint is not None:
        installed = find_spec("opentelemetry") is not None
        how = "Install it with `pip install 'headworks[otel]'`."
        findings.append(
            _fine("OpenTelemetry", "installed") if installed else _bad("OpenTelemetry", "not installed", how)
        )
    if any(channel.apprise_urls for channel in config.alerts.channels.values()):
        installed = not apprise_missing(config.alerts)
        how = "Install it with `pip install 'headworks[alerts]'`."
        findings.append(_fine("apprise", "installed") if installed else _bad("apprise", "not installed", how))
    return findings


async def _providers(config: Config) -> list[Finding]:
    outbound = Outbound()
    try:
        tries = [
            _reach(outbound, link, number, key)
            for link in links(config).values()
            if link.base_url
            for number, key in enumerate(link.keys or ("",), 1)
        ]
        return list(await asyncio.gather(*tries))
    finally:
        await outbound.close()


async def _reach(outbound: Outbound, link: Link, number: int, key: str) -> Finding:
    """Ask the provider for its models, which every dialect offers and nobody charges for."""
    subject = f"provider {link.name}" + (f", key {number}" if len(link.keys) > 1 else "")
    headers = {**_VERSION_HEADERS.get(link.dialect, {}), **auth_header(link, key), **link.headers}
    exchange = outbound.get(Errand(link.name, link.base_url, _PATIENCE), "/models", headers)
    try:
        await exchange.open()
        if exchange.status == 200:
            return _fine(subject, _listed(await exchange.body(_ANSWER_BYTES)))
        return _refusal(subject, exchange.status)
    except ProviderError as error:
        return _bad(subject, error.message, "Check `base_url`, the network, and that it is running.")
    finally:
        exchange.close()


def _listed(body: bytes) -> str:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "answers"
    models = answer.get("data") or answer.get("models") if isinstance(answer, dict) else answer
    return f"answers, and lists {len(models)} models" if isinstance(models, list) else "answers"


def _refusal(subject: str, status: int) -> Finding:
    if status in {401, 403}:
        return _bad(subject, f"refuses the key ({status})", "Check `api_key`: wrong, expired or revoked.")
    if status in {404, 405}:
        return _fine(subject, f"answers, but lists no models ({status})", "If calls fail, check `base_url`.")
    if status == 429:
        return _fine(subject, "answers, but its rate limit is used up for now (429)")
    if 300 <= status < 400:
        return _bad(subject, f"redirects ({status}), which is not followed", "Use the final `base_url`.")
    return _bad(subject, f"answers with an error ({status})", "Try again; see the provider's status page.")
