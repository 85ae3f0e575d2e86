"""`mingjian trail`: what an inspector does with it, on a data directory that the service has filled."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import SecretStr

from app.interfaces.cli import main
from app.main import create_app
from app.settings import Settings
from tests.application.build import packs
from tests.service import KEY, Service, problem_of, request, serving


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("trail")
    packs(folder / "rules")
    settings = Settings(data_dir=folder / "data", rules_dir=folder / "rules", api_key=SecretStr(KEY))
    with serving(create_app(settings), folder / "data") as service:
        for number in range(20):
            assert service.audit(request(id=f"E{number}")).status_code == 200
        check_over_http(service)
    return folder / "data"


def check_over_http(service: Service) -> None:
    """Before there is a checkpoint; entries can be read at once."""
    audit = service.audit(request()).json()["id"]
    (entry,) = service.client.get("/v1/trail/entries", params={"subject": audit}).json()["entries"]
    assert entry["kind"] == "audit"
    assert "P1" not in entry["body"]
    assert service.client.get(f"/v1/trail/entries/{entry['seq']}").json() == entry
    problem_of(service.client.get("/v1/trail/entries/999999"), 404)
    problem_of(service.client.get("/v1/trail/entries/999999/proof"), 404)
    problem_of(service.client.get("/v1/trail/proof/inclusion", params={"seq": 9, "size": 3}), 422)
    hashes = service.client.get("/v1/trail/proof/consistency", params={"old": 3, "size": 9}).text.splitlines()
    assert len(hashes) == 5
    assert len(service.client.get("/v1/trail/proof/inclusion", params={"seq": 3, "size": 9}).text.splitlines()) == 4
    problem_of(service.client.get("/v1/trail/checkpoint", headers={"authorization": "Bearer no"}), 401)


def trail(data_dir: Path, *arguments: str) -> Result:
    return CliRunner(env={"MINGJIAN_DATA_DIR": str(data_dir)}).invoke(main, ["trail", *arguments])


def test_verify_and_fsck_of_what_the_service_left(filled: Path) -> None:
    found = trail(filled, "verify")
    assert found.exit_code == 0, found.output
    assert found.output.endswith("sound\n")
    assert trail(filled, "verify", "--tail", "5").output.startswith("5 entries")
    assert trail(filled, "fsck").exit_code == 0


def test_a_proof_from_the_database_to_a_file_and_back(filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.tlog-proof"
    assert trail(filled, "prove", "7", "--out", str(file)).exit_code == 0
    public = str(filled / "trail/checkpoint-key.pub")
    found = trail(tmp_path, "verify-proof", str(file), "--key", public)
    assert found.output.startswith("OK: entry 7 of the signed log")
    file.write_text(file.read_text().replace("index 7", "index 8"))
    found = trail(tmp_path, "verify-proof", str(file), "--key", public)
    assert found.exit_code == 1
    assert "REFUSED" in found.output
    assert trail(filled, "prove", "99999").exit_code == 1


def test_an_export_is_complete(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    assert trail(filled, "export", str(folder)).exit_code == 0
    assert {one.name for one in folder.iterdir()} == {"checkpoint", "key.pub", "tile", "verifier.py"}
    assert trail(filled, "export", str(folder)).exit_code == 2
    kept = tmp_path / "kept"
    shutil.copy(folder / "checkpoint", kept)
    assert trail(filled, "verify", "--against", str(kept), "--since", str(kept)).exit_code == 0


def test_verify_tells_what_was_changed(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data/mingjian.sqlite3")) as connection:
        connection.execute("DROP TRIGGER audits_fixed")
        connection.execute("UPDATE audits SET facility = 'F9' WHERE seq = 3")
        connection.commit()
    found = trail(tmp_path / "data", "verify")
    assert found.exit_code == 1
    assert "was changed" in found.output
    assert found.output.endswith("NOT SOUND\n")


@pytest.mark.parametrize("arguments", [
    ["verify", "--key", "nonsense"], ["verify", "--against", "README.md"], ["verify-proof", "README.md", "--key", "x"],
])  # fmt: skip
def test_what_is_refused(filled: Path, arguments: list[str]) -> None:
    found = trail(filled, *arguments)
    assert found.exit_code in (1, 2)
    assert "Traceback" not in found.output
