"""The same pages on PostgreSQL, behind its walls: everybody sees and moves their own, and nobody anything else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.interfaces.console.conftest import COUNT, Someone
from tests.interfaces.console.front import audited, console
from tests.interfaces.console.test_finding import attached, first_of, step, upload
from tests.interfaces.console.test_findings import total
from tests.servers import Postgres
from tests.service import Service

LIST = "/console/findings"


@pytest.fixture
def service(postgres: Postgres, tmp_path: Path) -> Iterator[Service]:
    url = SecretStr(postgres.new_database())
    audited(tmp_path, COUNT, database_url=url)
    with console(tmp_path, database_url=url) as running:
        yield running


def test_lists_and_an_appeal_with_its_dossier(someone: Someone) -> None:
    auditor, head, other = someone("auditor"), someone("head"), someone("other")
    assert total(auditor.get(f"{LIST}?q=wk&sort=amount").text) == str(COUNT // 2)
    assert total(head.get(LIST).text) == total(other.get(LIST).text) == str(COUNT // 2)
    path = first_of(auditor)
    assert other.get(path).status_code == 404
    assert step(auditor, path, "confirm", reason_code="policy_breached").status_code == 200
    assert upload(head, path).status_code == 200
    proof = attached(head.get(path).text)[0]
    assert other.get(f"/console/attachments/{proof}").status_code == 404
    assert step(head, path, "appeal", reason_code="clinically_needed", attachment=proof).status_code == 200
    assert "初审 1" in auditor.get("/console/appeals").text
    assert "初审 0" in other.get("/console/appeals").text
    dossier = path.replace("findings", "appeals") + "/dossier.pdf"
    assert head.get(dossier).content.startswith(b"%PDF-")
    assert other.get(dossier).status_code == 404
    for page in ("/console", "/console/rectifications", "/console/appeals?step=open"):
        assert auditor.get(page).status_code == 200
