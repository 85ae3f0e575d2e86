import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.interfaces.cli.conftest import request

Run = Callable[..., Result]


def test_a_finding_is_one_line_with_its_decision_in_chinese(run: Run, pack: Path, tmp_path: Path) -> None:
    file = tmp_path / "request.json"
    file.write_text(request(), "utf-8")
    result = run("audit", "--rules", pack, file)
    assert result.exit_code == 1
    header, row, *rest = result.stdout.splitlines()
    assert header.split() == ["就诊", "明细", "规则", "严重程度", "处理", "金额", "说明"]
    assert row.split() == [
        "E1",
        "L1",
        "项目区分性别",
        "明确违规",
        "拦截",
        "50.00",
        "后穹窿穿刺术限女性，患者为男性。",
    ]
    assert rest[-1].startswith("审核1次就诊：疑点1条，未能判断0项，数据问题0项")


def test_a_clean_request_exits_with_zero(run: Run, pack: Path) -> None:
    result = run("audit", "--rules", pack, "-", stdin=request(sex="female"))
    assert result.exit_code == 0
    assert result.stdout.startswith("审核1次就诊：疑点0条")


def test_what_could_not_be_judged_and_odd_data_are_told(run: Run, pack: Path) -> None:
    result = run("audit", "--rules", pack, "-", stdin=request(sex="", unit_price=10))
    assert result.exit_code == 0
    assert "未能判断：" in result.stdout
    assert "缺少患者性别，未作判断" in result.stdout
    assert "金额不等于单价乘以数量" in result.stdout


def test_only_information_exits_with_zero(run: Run, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGJIAN_DECISIONS", '{"settling": {"definite": "inform"}}')
    result = run("audit", "--rules", pack, "-", stdin=request())
    assert result.exit_code == 0
    assert "提示" in result.stdout


def test_json_gives_one_answer_a_request(run: Run, pack: Path) -> None:
    lines = f"{request('E1')}\n\n{request('E2', sex='female')}\n"
    result = run("audit", "--json", "--rules", pack, "-", stdin=lines)
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["encounter"], first["decision"], len(first["findings"])) == ("E1", "block", 1)
    assert (second["encounter"], second["decision"], second["findings"]) == ("E2", "pass", [])
    assert result.exit_code == 1


def test_one_document_may_stretch_over_lines(run: Run, pack: Path, tmp_path: Path) -> None:
    file = tmp_path / "pretty.json"
    file.write_text("\ufeff" + json.dumps(json.loads(request()), indent=2), "utf-8")
    assert run("audit", "--rules", pack, file).exit_code == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "bad.json line 1: is empty"),
        (b"\xff", "bad.json line 1: "),
        (b'{\n "stage": oops}', "bad.json line 2: not JSON: "),
        (b'{\n "stage": "settling"', "bad.json line 2: not JSON: Input data was truncated"),
        (b"[]", "bad.json line 1: Expected `object`, got `array` - at `$`"),
        (b"[" * 5000, "bad.json line 1: "),
        (request(amount=-1).encode(), "at `$.encounter.charge_lines[0]`"),
        (f"{request()}\n{request(unit=3)}".encode(), "bad.json line 2: Expected `str`, got `int` - at `$.encounter."),
    ],
)
def test_bad_input_is_told_by_file_and_line(run: Run, pack: Path, tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(content)
    result = run("audit", "--rules", pack, file)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_the_line_is_that_of_the_wrong_value(run: Run, pack: Path, tmp_path: Path) -> None:
    document = json.loads(request())
    document["encounter"]["charge_lines"].append({"id": "L2", "service_date": "1 March"})
    text = json.dumps(document, indent=1, ensure_ascii=False)
    number = next(number for number, line in enumerate(text.splitlines(), 1) if "1 March" in line)
    file = tmp_path / "bad.json"
    file.write_text(text, "utf-8")
    result = run("audit", "--rules", pack, file)
    assert f"{file} line {number}: " in result.stderr
    assert "`$.encounter.charge_lines[1].service_date`" in result.stderr


def test_a_bad_request_does_not_stop_the_others(run: Run, pack: Path) -> None:
    result = run("audit", "--json", "--rules", pack, "-", stdin=f"{{}}\n{request()}")
    assert result.exit_code == 2
    assert "standard input line 1: Object missing required field `encounter`" in result.stderr
    assert json.loads(result.stdout)["encounter"] == "E1"


def test_a_file_that_is_not_there(run: Run, pack: Path, tmp_path: Path) -> None:
    result = run("audit", "--rules", pack, tmp_path / "none.json")
    assert result.exit_code == 2
    assert "none.json: cannot be read: No such file or directory" in result.stderr


def test_broken_rules_are_bad_input_and_not_findings(run: Run, pack: Path) -> None:
    (pack / "national" / "item-for-other-sex" / "knowledge.csv").write_text("point,item_code\n", "utf-8")
    result = run("audit", "--rules", pack, "-", stdin=request())
    assert result.exit_code == 2
    assert "the rules cannot be used" in result.stderr


def test_a_wrong_setting_is_told(run: Run, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGJIAN_DECISIONS", '{"settling": {"definite": "explode"}}')
    result = run("audit", "--rules", pack, "-", stdin=request())
    assert result.exit_code == 2
    assert "a setting in the environment is wrong: decisions" in result.stderr
