"""The condition while PostgreSQL hangs: told at once, counted in seconds, and over when it answers again."""

import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.interfaces.observe.series import total
from tests.servers import running_postgres
from tests.service import KEY, ROOT, Service, request, serving

RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"


def soon(service: Service, holds: Callable[[str], bool]) -> str:
    until = time.monotonic() + 30
    while True:
        asked = time.monotonic()
        text = service.client.get("/metrics").text
        assert time.monotonic() - asked < 1, "who asks for the metrics must not wait for the database"
        if holds(text):
            return text
        assert time.monotonic() < until, text
        time.sleep(0.2)


def test_a_database_that_hangs(tmp_path: Path) -> None:
    with running_postgres() as postgres:
        settings = Settings(
            data_dir=tmp_path, rules_dir=RULES, api_key=SecretStr(KEY), database_url=SecretStr(postgres.new_database())
        )
        with serving(create_app(settings), tmp_path) as service:
            soon(service, lambda text: total(text, "mingjian_dependency_up", dependency="database") == 1)
            postgres.freeze()
            try:
                answer = service.audit(request(stage="ordering"))
                assert answer.json()["degraded"] == ["history", "record"]
                assert answer.headers["x-request-id"]
                text = soon(service, lambda text: total(text, "mingjian_degraded_seconds_total") >= 2)
                assert total(text, "mingjian_dependency_up", dependency="database") == 0
                assert total(text, "mingjian_audits_degraded_total", stage="ordering", without="history") == 1
                assert total(text, "mingjian_history_total", result="unreached") == 1
                assert total(text, "mingjian_spool_records") == total(text, "mingjian_spool_audits_again") == 1
                assert total(text, "mingjian_spool_bytes") > 0
            finally:
                postgres.thaw()
            soon(service, lambda text: total(text, "mingjian_dependency_up", dependency="database") == 1)
            text = soon(service, lambda text: total(text, "mingjian_spool_records") == 0)
            soon(service, lambda text: total(text, "mingjian_audits_again_total") == 1)
            assert total(text, "mingjian_audits_total") == 1
