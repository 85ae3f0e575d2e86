"""Which kind of work a request asks for, told by its path, a header or the start of its body."""

import pytest

from app.domain.work import Work
from app.interfaces.work import WorkTable, stage_of


@pytest.mark.parametrize(
    ("headers", "body", "work"),
    [
        ({}, b'{"stage":"ordering","encounter":{}}', Work.ORDERING),
        ({}, b'{"stage" : "settling"}', Work.SETTLING),
        ({}, b'{"encounter":{' + b" " * 900_000 + b'},"stage":"settled"}', Work.SETTLING),
        ({}, b'{"infno":"3102","input":{}}', Work.SETTLING),
        ({}, b'{"infno":"3101"}', Work.ORDERING),
        ({}, b"\xff\x00 rubbish", Work.ORDERING),
        ({"x-stage": "settling"}, b'{"stage":"ordering"}', Work.SETTLING),
        ({"x-stage": "ordering"}, b'{"stage":"settling"}', Work.ORDERING),
    ],
)
def test_the_stage_of_an_audit(headers: dict[str, str], body: bytes, work: Work) -> None:
    scope = {"headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    assert stage_of(scope, body) is work


@pytest.mark.parametrize(
    ("method", "path", "work"),
    [
        ("POST", "/v1/audits", Work.ORDERING),
        ("POST", "/cds-services/order-sign", Work.ORDERING),
        ("POST", "/fsi/api/3101", Work.ORDERING),
        ("GET", "/fsi/api/popup", Work.ORDERING),
        ("GET", "/v1/audits/0190", Work.SETTLING),
        ("POST", "/fhir/Claim/$submit", Work.ORDERING),
        ("POST", "/v1/audits/bulk", Work.RETROSPECTIVE),
        ("POST", "/v1/history", Work.RETROSPECTIVE),
        ("POST", "/v1/settlements/simulate", Work.RETROSPECTIVE),
        ("POST", "/v1/feeds/stock", Work.RETROSPECTIVE),
        ("GET", "/v1/alerts/suppressed", Work.DASHBOARD),
        ("GET", "/v1/findings/export", Work.EXPORT),
        ("GET", "/v1/trail/entries", Work.EXPORT),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
        ("OPTIONS", "/cds-services/order-sign", None),
    ],
)
def test_the_work_of_a_path(method: str, path: str, work: Work | None) -> None:
    assert WorkTable(("/fsi/api",)).of({"method": method, "path": path}) is work
