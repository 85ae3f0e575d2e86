from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.knowledge.imports.build import csv_file, drug, service

Run = Callable[..., Result]
HEADER = ["项目名称", "国标代码", "限定性别"]
GIVEN = ("--published", "2026-01-06", "--source", "测试清单")


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return csv_file(
        tmp_path / "list.csv", [HEADER, ["甲", service(1), "男"], ["乙", "2.1E+12", "女"], ["合计", "", ""]]
    )


def test_every_row_is_told(run: Run, pack: Path, listed: Path) -> None:
    result = run("rules", "import", listed, *GIVEN, "--rules", pack)
    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "读入2行：新增1，变更0，未变0，拒绝1；另有2行不是数据"
    assert any(line.split()[:4] == ["service-item-for-other-sex", "新建草稿", "1", "1"] for line in lines)
    assert any("科学计数法" in line and line.split()[:3] == ["list.csv", "list", "3"] for line in lines)
    assert "已写入，自检通过" in lines[-1]
    assert (pack / "national" / "service-item-for-other-sex" / "rule.yaml").exists()


def test_a_second_import_changes_nothing(run: Run, pack: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "list.csv", [HEADER, ["甲", service(1), "男"]])
    assert run("rules", "import", file, *GIVEN, "--rules", pack).exit_code == 0
    result = run("rules", "import", file, *GIVEN, "--rules", pack)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "知识库没有变化。"


def test_what_is_superseded_is_shown(run: Run, pack: Path, tmp_path: Path) -> None:
    run("rules", "import", csv_file(tmp_path / "a.csv", [HEADER, ["甲", service(1), "男"]]), *GIVEN, "--rules", pack)
    file = csv_file(tmp_path / "b.csv", [HEADER, ["甲", service(1), "女"]])
    later = ("--published", "2026-06-01", "--source", "新清单")
    result = run("rules", "import", file, *later, "--rules", pack)
    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if "更新" in line and service(1) in line)
    assert row.split() == ["service-item-for-other-sex", "更新", service(1), "甲", "sex=male", "sex=female"]


def test_a_dry_run_writes_nothing(run: Run, pack: Path, listed: Path) -> None:
    result = run("rules", "import", listed, *GIVEN, "--rules", pack, "--dry-run")
    assert result.stdout.splitlines()[-1] == "预演：没有写入任何文件。"
    assert [folder.name for folder in (pack / "national").iterdir()] == ["item-for-other-sex"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--source", "x"), "--published"),
        (("--published", "2026-01-06"), "--source"),
        (("--published", "2026年1月", "--source", "x"), "2026年1月"),
        ((*GIVEN, "--class", "999"), "没有可导入的规则类别"),
    ],
)
def test_arguments_that_cannot_be_used(
    run: Run, pack: Path, listed: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = run("rules", "import", listed, *arguments, "--rules", pack)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_file_that_is_no_list(run: Run, pack: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "swapped.csv", [HEADER, [service(1), "甲", "男"], [drug(1), "乙", "男"]])
    result = run("rules", "import", file, *GIVEN, "--rules", pack)
    assert result.exit_code == 2
    assert "编码列与名称列互换了" in result.stderr
    assert "Traceback" not in result.stderr
