"""The key of the installation: none is blank, and the one made at the first start stays and is its owner's alone."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.interfaces.auth import local_key
from app.main import create_app
from app.settings import Settings
from tests.service import ROOT


def test_first_start_makes_a_key(tmp_path: Path) -> None:
    key = local_key(tmp_path / "data")
    assert len(key) >= 32
    file = tmp_path / "data/api-key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert local_key(tmp_path / "data") == key == file.read_text().strip()
    assert [one.name for one in file.parent.iterdir()] == ["api-key"]
    assert local_key(tmp_path / "other") != key


def test_empty_key_file_is_made_anew(tmp_path: Path) -> None:
    """A crash may have left it; a blank key would open the service to everybody."""
    (tmp_path / "api-key").write_text("\n")
    assert len(local_key(tmp_path)) >= 32
    assert (tmp_path / "api-key").stat().st_mode & 0o777 == 0o600


def test_blank_key_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="blank"):
        create_app(Settings(data_dir=tmp_path, rules_dir=ROOT / "rules", api_key=SecretStr(" ")))


def test_settings_do_not_show_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGJIAN_API_KEY", "the-secret")
    assert "the-secret" not in repr(Settings())
