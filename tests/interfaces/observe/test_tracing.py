"""Traces: off and not even imported by default; where they are wanted, spans of requests and audits without data."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr

from app.interfaces.observe.tracing import provider_for
from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, request, serving

RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A real address for spans, and what arrived there."""
    arrived: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert "gzip" not in self.headers.get("content-encoding", "")
            arrived.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", arrived
        finally:
            server.shutdown()
            thread.join()


def test_nothing_of_it_is_imported_by_default() -> None:
    sends = ("opentelemetry.sdk", "opentelemetry.exporter")  # the framework imports the interface, which sends nothing
    code = f"import sys, app.main; print([one for one in sys.modules if one.startswith({sends})])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert provider_for({}, "1") is None


def test_it_is_said_where_the_extra_is_missing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert provider_for({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, "1") is None
    assert "extra `otel`" in caplog.text


def test_spans_of_a_request_and_its_audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    body = request(id="E-secret", patient={"id": "P-secret", "sex": "male", "birth_date": "1980-01-01"})
    with collector() as (address, arrived):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        settings = Settings(data_dir=tmp_path, rules_dir=RULES, api_key=SecretStr(KEY))
        with serving(create_app(settings), tmp_path) as service:
            content = json.dumps(body)
            answer = service.client.post("/v1/audits", content=content, headers={"traceparent": outer})
            assert answer.status_code == 200
            service.client.get("/v1/audits/P-secret?patient=P-secret")
    assert b"secret" not in b"".join(arrived)
    spans = [
        span
        for one in arrived
        for resource in ExportTraceServiceRequest.FromString(one).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    found = {one.name: one for one in spans}
    assert set(found) == {"POST /v1/audits", "history", "judge", "record", "GET /v1/audits/{audit_id}"}
    root = found["POST /v1/audits"]
    assert root.trace_id.hex() == outer.split("-")[1]
    assert root.parent_span_id.hex() == outer.split("-")[2]
    told = {one.key: one.value for one in root.attributes}
    assert told["mingjian.request_id"].string_value == answer.headers["x-request-id"]
    assert told["http.response.status_code"].int_value == 200
    for name in ("history", "judge", "record"):
        assert found[name].parent_span_id == root.span_id
        assert root.start_time_unix_nano <= found[name].start_time_unix_nano <= found[name].end_time_unix_nano
        assert found[name].end_time_unix_nano <= root.end_time_unix_nano


def test_an_address_that_does_not_answer_costs_no_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    settings = Settings(data_dir=tmp_path, rules_dir=RULES, api_key=SecretStr(KEY))
    with serving(create_app(settings), tmp_path) as service:
        assert service.audit(request()).status_code == 200
