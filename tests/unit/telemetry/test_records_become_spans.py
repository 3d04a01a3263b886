"""Spans as an OTLP receiver gets them, over HTTP, parsed from the wire."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from headworks.telemetry.config import OtlpSettings
from headworks.telemetry.otel import Spans
from headworks.telemetry.record import Attempt, TraceRecord

START_NS = 1_795_428_000_000_000_000
TRACE_ID = "01a20ad5fff7713fbb59d1c8ebf76fb2"


@pytest.fixture
def receiver():
    got: list[tuple[str, dict[str, str], bytes]] = []

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receive)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", got
    server.shutdown()
    thread.join()
    server.server_close()


def exported(receiver, records, **settings):
    endpoint, got = receiver
    spans = Spans(OtlpSettings(endpoint=endpoint, **settings))
    spans.take(records)
    spans.close()
    found = []
    for _, _, body in got:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                found += scope.spans
    return found


def attributes(span) -> dict[str, object]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


def record(trace_id: str = TRACE_ID, **more) -> TraceRecord:
    known = {
        "status": "ok",
        "trace_id": trace_id,
        "started_at": START_NS // 1_000_000,
        "requested_model": "fast",
        "model": "fast",
        "provider": "lab",
        "provider_model": "lab-small",
        "prompt_tokens": 30,
        "completion_tokens": 4,
        "cost_nano": 1_500_000,
        "latency_ms": 250.0,
        "finish_reason": "stop",
    }
    return TraceRecord(**{**known, **more})


def test_a_call_is_a_span_with_one_child_per_attempt(receiver):
    failed = Attempt(
        provider="lab", model="lab-small", status="failed", started_ms=1.0, ms=9.0, error_code="rate_limit_exceeded"
    )
    good = Attempt(provider="shed", model="shed-big", status="ok", started_ms=20.0, ms=200.0, tokens=34)
    first, second, call = exported(receiver, [record(attempts=[failed, good])])
    assert call.trace_id.hex() == first.trace_id.hex() == TRACE_ID
    assert first.parent_span_id == second.parent_span_id == call.span_id
    assert (call.parent_span_id, call.name, first.name) == (b"", "chat fast", "chat lab-small")
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (START_NS, START_NS + 250_000_000)
    assert (second.start_time_unix_nano, second.end_time_unix_nano) == (START_NS + 20_000_000, START_NS + 220_000_000)
    assert attributes(first)["error.type"] == "rate_limit_exceeded"
    facts = attributes(call)
    assert facts["gen_ai.operation.name"] == "chat"
    assert facts["gen_ai.provider.name"] == "lab"
    assert (facts["gen_ai.request.model"], facts["gen_ai.response.model"]) == ("fast", "lab-small")
    assert (facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.output_tokens"]) == (30, 4)
    assert facts["headworks.cost_usd"] == 0.0015
    assert [v.string_value for v in facts["gen_ai.response.finish_reasons"].values] == ["stop"]
    assert (call.status.code, first.status.code, first.status.message) == (0, 2, "rate_limit_exceeded")


def test_headers_of_the_config_are_sent(receiver):
    exported(receiver, [record()], headers={"x-team-key": "abc"})
    [(path, headers, _)] = receiver[1]
    assert path == "/v1/traces"
    assert headers["x-team-key"] == "abc"


def test_a_ratio_samples_by_trace_id(receiver):
    low, high = "0" * 18 + "0" * 14, "0" * 18 + "f" * 14
    spans = exported(receiver, [record(low), record(high), record("not hex")], sample_ratio=0.5)
    assert [span.trace_id.hex() for span in spans] == [low]


def test_secrets_in_names_do_not_leave(receiver):
    [span] = exported(receiver, [record(requested_model="sk-abcdefgh", model="sk-abcdefgh")])
    assert "sk-abc" not in str(span)


def test_a_receiver_that_is_away_holds_nobody_up(monkeypatch):
    monkeypatch.setattr("headworks.telemetry.otel.CLOSE_S", 0.05)
    spans = Spans(OtlpSettings(endpoint="http://127.0.0.1:9/v1/traces"))
    spans.take([record()])
    spans.close()
    assert not spans._processor._batch_processor._worker_thread.is_alive()
