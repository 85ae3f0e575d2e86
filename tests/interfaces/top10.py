"""What the tests of the OWASP API Security Top 10 share (安全测试用服务): the service, and who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from app.domain.access import Role, Scope
from app.main import create_app
from app.settings import Settings
from tests.interfaces.access import as_caller, let_in
from tests.service import KEY, ROOT, Service, serving

SECRET = "E-of-another-facility"
HERE = Scope(facilities=frozenset({"F1"}))
NOBODY = {"authorization": ""}
ADMIN, SECURITY = as_caller(Role.SYSTEM_ADMINISTRATOR), as_caller(Role.SECURITY_ADMINISTRATOR)
HIS = as_caller(Role.HIS_CLIENT, scope=HERE, kind="key", name="his")
MOST_BYTES, MOST_PIECES = 64 * 1024, 40


@contextmanager
def running(data: Path) -> Iterator[Service]:
    settings = Settings(
        data_dir=data, rules_dir=ROOT / "tests" / "contracts" / "nhsa" / "rules", api_key=SecretStr(KEY), decisions={},
        max_body_bytes=MOST_BYTES, max_bulk_line_bytes=MOST_BYTES,
    )  # fmt: skip
    with serving(let_in(create_app(settings)), data) as one:
        yield one
