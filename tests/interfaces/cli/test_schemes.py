"""`mingjian schemes`: check, list, import and diff."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.scheme_files import small_scheme, write_scheme, zip_scheme

Run = Callable[..., Result]


@pytest.fixture
def scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MINGJIAN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("MINGJIAN_RULES_DIR", str(tmp_path / "rules"))
    return write_scheme(tmp_path / "scheme")


def test_check_passes_a_sound_scheme(run: Run, scheme: Path) -> None:
    result = run("schemes", "check", scheme)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "ok: small: 8 MDCs, 17 rules, 29 groups, 14 lists, 0 warnings\n"


def test_check_tells_all_faults(run: Run, scheme: Path) -> None:
    (scheme / "mcc.csv").write_text("code,table\nA,1\nA,2\n")
    (scheme / "splits.csv").write_text("rule,seq,drg,condition\n1,1,AB19,truth\n99,1,XX19,true\n")
    result = run("schemes", "check", scheme)
    assert result.exit_code == 1
    faults = [line for line in result.stderr.splitlines() if line.startswith("fault: ")]
    assert len(faults) == 3
    assert "fault: mcc.csv line 3: duplicate code A" in result.stderr


def test_warnings_fail_only_a_strict_check(run: Run, scheme: Path) -> None:
    with (scheme / "splits.csv").open("a") as file:
        file.write("16,4,FR19,mcc\n")
    loose, strict = run("schemes", "check", scheme), run("schemes", "check", "--strict", scheme)
    assert (loose.exit_code, strict.exit_code) == (0, 1)
    assert "warning: splits.csv line 27: the group FR19 of FR1 can never be reached" in loose.stderr


def test_import_then_list(run: Run, scheme: Path, tmp_path: Path) -> None:
    imported = run("schemes", "import", zip_scheme(tmp_path / "a.zip"))
    assert imported.exit_code == 0
    assert imported.stdout.startswith("small: imported to ")
    assert run("schemes", "import", scheme).stdout.startswith("small: is already in ")
    assert run("schemes", "import", scheme, "--id", "second").exit_code == 0
    write_scheme(tmp_path / "rules" / "grouping" / "starter", small_scheme(scheme="starter"))
    table = run("schemes", "list").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["方案", "second", "small", "starter"]
    listed = json.loads(run("schemes", "list", "--json").stdout)
    assert listed[2] == {
        "id": "starter",
        "title": "小方案",
        "effective_start": "2026-01-01",
        "effective_end": "",
        "status": "not for settlement",
        "repairs": ["FR1 put back"],
        "path": str(tmp_path / "rules" / "grouping" / "starter"),
        "fault": "",
    }


def test_an_import_is_all_or_nothing(run: Run, scheme: Path, tmp_path: Path) -> None:
    (scheme / "mcc.csv").write_text("code,table\nA,1\nA,2\nB,1\nB,3\n")
    result = run("schemes", "import", scheme)
    assert result.exit_code == 2
    assert "nothing was imported" in result.stderr
    assert "mcc.csv line 3: duplicate code A" in result.stderr
    assert "mcc.csv line 5: duplicate code B" in result.stderr
    assert not (tmp_path / "data").exists()


def test_diff_tells_what_changes_for_which_codes(run: Run, scheme: Path, tmp_path: Path) -> None:
    files = small_scheme()
    files["lists.csv"] = files["lists.csv"].replace("B.stroke,I61.900,", "B.stroke,G40.900,")
    files["cc.csv"] = files["cc.csv"].replace("J18.900,101", "J18.900,102")
    files["mcc.csv"] += "I10.x00,98\n"
    files["drg.csv"] = files["drg.csv"].replace("AB19,AB19组", "AB11,AB11组")
    files["splits.csv"] = files["splits.csv"].replace("AB19", "AB11").replace("16,2,FR13,mcc or cc", "16,2,FR13,cc")
    files["weights.csv"] = "drg,weight\nBR15,0.5\n"
    new = write_scheme(tmp_path / "new", files)
    result = run("schemes", "diff", scheme, new)
    assert result.exit_code == 0
    for told in (
        "list B.stroke\tI61.900\tin\t→\t-",
        "list B.stroke\tG40.900\t-\t→\tin",
        "complication\tJ18.900\tCC, table 101\t→\tCC, table 102",
        "complication\tI10.x00\tCC, table 99\t→\tMCC, table 98",
        "drg\tAB19\tAB19组\t→\t-",
        "drg\tAB11\t-\t→\tAB11组",
        "splits\tMDCA AB1\tAB19: true\t→\tAB11: true",
        "weights\tBR15\t-\t→\tweight 0.5",
        "list: 2 changes",
    ):
        assert told in result.stdout.splitlines(), told


def test_diff_tells_which_cases_move(run: Run, scheme: Path, tmp_path: Path) -> None:
    files = small_scheme()
    files["lists.csv"] = files["lists.csv"].replace("B.stroke,I61.900,\n", "")
    new = write_scheme(tmp_path / "new", files)
    cases = tmp_path / "cases.jsonl"
    case = {"gender": "1", "age": 60, "ssList": []}
    stays = [{**case, "Index": "a", "zdList": ["I61.900"]}, {**case, "Index": "b", "zdList": ["I63.900"]}]
    cases.write_text("".join(json.dumps(one) + "\n" for one in stays) + "{\n")
    result = run("schemes", "diff", scheme, new, "--cases", cases)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-3:] == [
        "case\ta\tBR15\t→\t0000",
        "1 cases move from BR15 to 0000",
        "1 of 2 cases move",
    ]
    assert "line 3: not JSON" in result.stderr


def test_diff_of_a_scheme_with_itself(run: Run, scheme: Path) -> None:
    assert run("schemes", "diff", scheme, scheme).stdout == "no changes\n"


def test_diff_with_what_is_no_scheme(run: Run, scheme: Path) -> None:
    result = run("schemes", "diff", scheme, "nothing")
    assert result.exit_code == 2
    assert "unknown scheme" in result.stderr
