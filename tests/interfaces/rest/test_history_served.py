"""With the default settings, which keep the history, all that is sent again and again is answered as the first time."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, serving

CHECK = ROOT.parent / "shared" / "conformance" / "nhsa" / "check.py"


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("keeping")
    settings = Settings(data_dir=folder, rules_dir=ROOT / "rules", api_key=SecretStr(KEY))
    assert settings.keep_history
    with serving(create_app(settings), folder) as running:
        yield running


@pytest.mark.skipif(not CHECK.exists(), reason="the samples are not beside the project: ../shared/conformance/nhsa")
@pytest.mark.parametrize("time", ["first", "again"])
def test_the_samples_of_real_clients(keeping: Service, time: str) -> None:
    command = [sys.executable, str(CHECK), f"{keeping.url}/fsi/api"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout


def test_the_demo_finds_the_same_again(keeping: Service) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MINGJIAN_") and name != "PORT"}
    environment = {**own, "MINGJIAN_URL": keeping.url, "MINGJIAN_API_KEY": KEY}
    runs = [
        subprocess.run(
            [sys.executable, "-m", "demo"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stdout + runs[1].stdout
    assert runs[0].stdout == runs[1].stdout
