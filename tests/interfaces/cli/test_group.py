"""`mingjian group`: cases in, one JSON object a line out."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.grouper.drg_build import CASES, TABLES, needs_tables
from tests.scheme_files import small_scheme, write_scheme, zip_scheme

Run = Callable[..., Result]

STROKE = {"Index": 1, "gender": "1", "age": 60, "zdList": ["I61.900", "J96.000"], "ssList": []}
CHECK = {"Index": "b", "gender": "3", "age": 60, "zdList": ["I61.900"], "ssList": []}


@pytest.fixture
def scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MINGJIAN_RULES_DIR", str(tmp_path / "rules"))
    return write_scheme(tmp_path / "scheme")


def lines(*cases: Any) -> str:
    return "".join((case if isinstance(case, str) else json.dumps(case)) + "\n" for case in cases)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_case_gives_a_line(run: Run, scheme: Path) -> None:
    result = run("group", "--scheme", scheme, "-", stdin=lines(STROKE, {"case": STROKE, "expected": {}}, CHECK))
    assert result.exit_code == 0
    told = {"Index": 1, "status": "分组成功", "mdc": "MDCB", "adrg": "BR1", "drg": "BR11", "name": "BR11组"}
    first, second, third = answers(result)
    assert first == second == told
    assert (third["Index"], third["status"], third["drg"]) == ("b", "信息校验不通过", "0000")
    assert any("性别" in one for one in third["complaints"])


@pytest.mark.parametrize("packed", [False, True])
def test_files_plain_and_gzipped(run: Run, scheme: Path, tmp_path: Path, packed: bool) -> None:
    content = b"\xef\xbb\xbf" + lines(STROKE, "", STROKE).encode()
    file = tmp_path / "cases"
    file.write_bytes(gzip.compress(content) if packed else content)
    result = run("group", "--scheme", scheme, file)
    assert result.exit_code == 0
    assert [one["drg"] for one in answers(result)] == ["BR11", "BR11"]


def test_a_line_that_is_no_case_gives_an_error_in_its_place(run: Run, scheme: Path) -> None:
    bad = ["{", "[1]", '{"Index": 7}', '{"Index": 8, "zdList": 5}', "\udcff", "[" * 5000]
    stdin = lines(STROKE, *bad, STROKE).encode("utf-8", "surrogateescape")
    result = run("group", "--scheme", scheme, "-", stdin=stdin)
    assert result.exit_code == 1
    first, *wrong, last = answers(result)
    assert first["drg"] == last["drg"] == "BR11"
    assert [one["Index"] for one in wrong] == [None, None, 7, 8, None, None]
    assert all(f"line {number}" in one["error"] for number, one in enumerate(wrong, 2))
    assert result.stderr == ""


def test_the_trace(run: Run, scheme: Path) -> None:
    result = run("group", "--scheme", scheme, "--trace", "-", stdin=lines(STROKE))
    trace = answers(result)[0]["trace"]
    assert trace["rule"]["code"] == "BR1"
    assert [one["mdc"] for one in trace["mdcs"]][-1] == "MDCB"
    assert trace["complications"][0]["counts"] is True


def test_translation(run: Run, scheme: Path) -> None:
    case = {**STROKE, "zdList": ["I21.9"]}
    plain = run("group", "--scheme", scheme, "-", stdin=lines(case))
    assert answers(plain)[0]["drg"] == "0000"
    translated = run("group", "--scheme", scheme, "--translate", "--trace", "-", stdin=lines(case))
    assert answers(translated)[0]["drg"] == "FR15"
    assert answers(translated)[0]["trace"]["translations"][0]["to"] == "I21.001"


def test_translation_without_maps_is_refused(run: Run, scheme: Path) -> None:
    (scheme / "dx_map.csv").unlink()
    result = run("group", "--scheme", scheme, "--translate", "-", stdin=lines(STROKE))
    assert result.exit_code == 2
    assert "has no code maps" in result.stderr


def test_a_scheme_by_its_id_and_as_zip(run: Run, scheme: Path, tmp_path: Path) -> None:
    write_scheme(tmp_path / "rules" / "grouping" / "starter", small_scheme(scheme="starter"))
    for name in ("starter", zip_scheme(tmp_path / "s.zip")):
        assert answers(run("group", "--scheme", name, "-", stdin=lines(STROKE)))[0]["drg"] == "BR11"
    assert not (tmp_path / "data").exists()  # a command leaves nothing behind where no service lives
    (tmp_path / "data").mkdir()
    run("group", "--scheme", "starter", "-", stdin=lines(STROKE))
    assert len(list((tmp_path / "data" / "cache").iterdir())) == 1


def test_what_cannot_be_used_is_told(run: Run, scheme: Path, tmp_path: Path) -> None:
    unknown = run("group", "--scheme", "nothing", "-", stdin="")
    assert (unknown.exit_code, "unknown scheme" in unknown.stderr) == (2, True)
    missing = run("group", "--scheme", scheme, tmp_path / "nothing")
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (2, True)
    half = tmp_path / "half.gz"
    half.write_bytes(gzip.compress(lines(STROKE).encode())[:-9])
    cut = run("group", "--scheme", scheme, half)
    assert (cut.exit_code, "cannot be read" in cut.stderr) == (2, True)
    (scheme / "rules.csv").unlink()
    faulty = run("group", "--scheme", scheme, "-", stdin="")
    assert faulty.exit_code == 2
    assert "rules.csv: missing file" in faulty.stderr


@needs_tables
@pytest.mark.parametrize("name", CASES[:1])
def test_published_cases(run: Run, scheme: Path, name: str) -> None:
    file = TABLES / "cases" / f"{name}.jsonl.gz"
    result = run("group", "--scheme", TABLES / "schemes" / f"{name}.zip", file)
    assert result.exit_code == 0
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        expected = [json.loads(line) for line in opened]
    told = answers(result)
    assert [one["Index"] for one in told] == [one["case"]["Index"] for one in expected]
    fields = ("status", "mdc", "adrg", "drg")
    assert [{field: one[field] for field in fields} for one in told] == [one["expected"] for one in expected]
