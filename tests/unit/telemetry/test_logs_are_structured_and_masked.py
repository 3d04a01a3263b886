"""One JSON line per call; one form for every logger; nothing secret in any."""

import io
import json
import logging

import pytest
import structlog

from headworks.telemetry import configure_logs, logs, register_secrets
from headworks.telemetry.config import LogSettings
from headworks.telemetry.logs import CallLog
from headworks.telemetry.masking import MASK, Masker
from headworks.telemetry.record import TraceRecord


@pytest.fixture
def out(monkeypatch):
    monkeypatch.setattr(logs, "_secrets", set())
    monkeypatch.setattr(logs, "_masker", Masker())
    monkeypatch.setattr(logs, "_sink", logs._Sink())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_each_call_is_one_line_of_facts(out):
    configure_logs(LogSettings(), out)
    record = TraceRecord(
        status="failed",
        trace_id="0" * 32,
        started_at=1_795_428_000_000,
        latency_ms=1500.0,
        model="fast",
        key_id="k1",
        provider="lab",
        error_code="provider_timeout",
        prompt_tokens=7,
    )
    CallLog().take([record, record])
    first, second = out.getvalue().splitlines()
    assert first == second
    assert json.loads(first) == {
        "event": "call",
        "level": "info",
        "timestamp": "2026-11-23T10:00:01.500Z",
        "trace_id": "0" * 32,
        "status": "failed",
        "code": "provider_timeout",
        "key_id": "k1",
        "model": "fast",
        "provider": "lab",
        "ms": 1500.0,
        "prompt_tokens": 7,
        "completion_tokens": 0,
        "attempts": 0,
    }


def test_a_model_name_that_is_a_key_is_masked(out):
    configure_logs(LogSettings(), out)
    CallLog().take([TraceRecord(status="refused", trace_id="t", started_at=1, model="sk-proj-abcdefgh1234")])
    assert json.loads(out.getvalue())["model"] == MASK


def test_calls_are_silent_above_info(out):
    configure_logs(LogSettings(level="warning"), out)
    CallLog().take([TraceRecord(status="ok", trace_id="t", started_at=1)])
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["loud"]


def test_the_standard_library_logs_in_the_same_form_and_masked(out):
    configure_logs(LogSettings(), out)
    register_secrets(["correct horse"])
    logging.getLogger("some.library").warning("sent %s to %s", "correct horse", "https://user:pass@host/")
    line = json.loads(out.getvalue())
    assert (line["level"], line["logger"]) == ("warning", "some.library")
    assert line["event"] == f"sent {MASK} to https://{MASK}@host/"


def test_exceptions_are_logged_without_the_secrets_in_them(out):
    configure_logs(LogSettings(), out)
    register_secrets(["battery-staple"])
    try:
        raise ValueError("bad key battery-staple")
    except ValueError:
        structlog.get_logger().exception("oops")
    line = json.loads(out.getvalue())
    assert "ValueError" in line["exception"]
    assert "battery" not in out.getvalue()


def test_text_logs_are_for_eyes_and_masked_too(out):
    configure_logs(LogSettings(format="text"), out)
    structlog.get_logger().warning("hello", key="hw-abcdefgh-secret")
    assert "hello" in out.getvalue()
    assert "abcdefgh" not in out.getvalue()


@pytest.mark.parametrize(
    "secret",
    [
        "hw-a1b2c3d4-kXk_0-9",
        "sk-ant-api03-xyzxyz",
        "AIzaSyA1234567890",
        "gsk-1234567890",
        "ghp_16C7e42F292c69",
    ],
)
def test_anything_like_a_key_is_masked(secret):
    assert Masker().text(f"using {secret}, ok") == f"using {MASK}, ok"
    assert Masker().text(secret) == MASK
    assert secret not in Masker().text(f"Authorization: Bearer {secret}")


@pytest.mark.parametrize("harmless", ["gpt-4o-mini", "risk-assessment", "task-1234567", "01a20ad5fff7713f", "12:30 ok"])
def test_ordinary_words_are_left_alone(harmless):
    assert Masker(["abc"]).text(harmless) == harmless


def test_a_stream_that_fails_does_not_fail_the_caller(out):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    configure_logs(LogSettings(), Full())
    structlog.get_logger().error("lost")
    CallLog().take([TraceRecord(status="ok", trace_id="t", started_at=1)])


def test_unconfigured_logs_say_nothing_of_calls(out, capsys):
    CallLog().take([TraceRecord(status="ok", trace_id="t", started_at=1)])
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
