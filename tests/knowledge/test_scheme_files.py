"""Scheme folders: what is read, what refuses them, what is warned of, and what can never be reached."""

import json
from datetime import date

import pytest

from app.domain.period import ALWAYS, Period
from app.knowledge.scheme_files import check_scheme, read_scheme
from app.knowledge.scheme_issues import SchemeError
from tests.scheme_files import small_scheme, write_scheme, zip_scheme


@pytest.fixture
def check(tmp_path):
    """Faults and warnings, as text, of the small scheme with files changed; None takes a file away."""

    def run(**changed):
        files = small_scheme()
        for name, content in changed.items():
            name = f"{name}.json" if name == "scheme" else f"{name}.csv"
            del files[name]
            if content is not None:
                files[name] = content
        tables, faults, warnings = check_scheme(write_scheme(tmp_path / "scheme", files))
        assert (tables is None) == bool(faults)
        assert all(one.file and one.what and one.why and one.remedy for one in (*faults, *warnings))
        return [str(one) for one in faults], [str(one) for one in warnings]

    return run


def with_row(name, row):
    return small_scheme()[name] + row + "\n"


def replaced(name, old, new):
    content = small_scheme()[name]
    assert old in content
    return content.replace(old, new)


def test_the_small_scheme_has_no_fault(check):
    faults, warnings = check()
    assert faults == []
    assert warnings == []


def test_a_folder_and_a_zip_hold_the_same_scheme(tmp_path):
    folder = read_scheme(write_scheme(tmp_path / "folder"))
    for top in ("small/", ""):
        assert read_scheme(zip_scheme(tmp_path / "small.zip", top=top)) == folder
    manifest = folder.manifest
    assert (manifest.id, manifest.title, manifest.status) == ("small", "小方案", "not for settlement")
    assert manifest.period == Period(start=date(2026, 1, 1), end=ALWAYS.end)
    assert manifest.repairs == ("FR1 put back",)
    assert folder.diagnosis_map is not None
    assert folder.diagnosis_map["J18.900"] == "J18.900"
    assert folder.diagnosis_map["X00"] == ""


def test_rows_are_taken_by_their_number(tmp_path):
    files = small_scheme()
    for name in ("mdc.csv", "rules.csv", "splits.csv"):
        header, *rows = files[name].splitlines()
        files[name] = "\n".join([header, *reversed(rows)])
    tables = read_scheme(write_scheme(tmp_path / "scheme", files))
    for rows in (tables.mdcs, tables.rules, *tables.splits.values()):
        assert [row.seq for row in rows] == sorted(row.seq for row in rows)


def test_a_byte_order_mark_and_other_line_ends_are_read(tmp_path):
    folder = write_scheme(tmp_path / "folder")
    for name in ("rules.csv", "scheme.json"):
        content = (folder / name).read_text("utf-8").replace("\n", "\r\n")
        (folder / name).write_text(content, "utf-8-sig", newline="")
    assert len(read_scheme(folder).rules) == 17


FAULTS = [
    ({"scheme": None}, "scheme.json: missing file"),
    ({"scheme": "{"}, "scheme.json: not readable as JSON"),
    ({"scheme": "[]"}, "scheme.json: holds no object"),
    ({"scheme": '{"scheme": "a b"}'}, 'scheme.json: scheme is "a b"'),
    ({"scheme": '{"scheme": "a", "fail_drg": ["0"]}'}, "fail_drg is"),
    ({"scheme": '{"scheme": "a", "retry_single_procedure": "yes"}'}, "retry_single_procedure is"),
    ({"scheme": '{"scheme": "a", "effective_start": "2026"}'}, "effective_start is"),
    (
        {"scheme": '{"scheme": "a", "effective_start": "2026-02-01", "effective_end": "2026-01-01"}'},
        "effective_end is",
    ),
    ({"mcc": None}, "mcc.csv: missing file"),
    ({"mcc": "code,number\nA,1\n"}, "mcc.csv line 1: no column table"),
    ({"mcc": "code,table\nA,1,2\n"}, "mcc.csv line 2: not readable: 3 cells, but 2 columns"),
    ({"mcc": 'code,table\n"A,1\n'}, "mcc.csv"),
    ({"mcc": "code,table\nJ96.000,1\nJ96.000,2\n"}, "mcc.csv line 3: duplicate code J96.000"),
    ({"dx_map": "code,to\nA,B\nA,C\n"}, "dx_map.csv line 3: duplicate code A"),
    ({"mdc": with_row("mdc.csv", "9,MDCB,true,")}, "mdc.csv line 10: duplicate MDC MDCB"),
    ({"mdc": with_row("mdc.csv", "8,MDCX,true,")}, "mdc.csv line 10: duplicate seq 8"),
    ({"mdc": with_row("mdc.csv", "x,MDCX,true,")}, "mdc.csv line 10: seq is 'x'"),
    ({"mdc": "seq,mdc,condition\n"}, "mdc.csv: no rows"),
    ({"rules": with_row("rules.csv", "18,MDCX,ADRG,XR1,x,true,next")}, "rules.csv line 19: unknown MDC MDCX"),
    ({"rules": with_row("rules.csv", "18,MDCB,TEST,XR1,x,true,next")}, "rules.csv line 19: kind is 'TEST'"),
    ({"rules": with_row("rules.csv", "18,MDCB,ADRG,BR9,x,true,")}, "rules.csv line 19: otherwise is blank"),
    ({"rules": with_row("rules.csv", "17,MDCB,ADRG,BR9,x,true,BR9")}, "rules.csv line 19: duplicate seq 17"),
    ({"rules": replaced("rules.csv", "pdx in F.pdx", "pdx on F.pdx")}, "rules.csv line 17: the condition"),
    ({"rules": replaced("rules.csv", "pdx in F.pdx", "pdx in G.pdx")}, "rules.csv line 17: missing list G.pdx"),
    ({"splits": with_row("splits.csv", "99,1,XX19,true")}, "splits.csv line 27: unknown rule 99"),
    ({"splits": with_row("splits.csv", "16,3,FR19,true")}, "splits.csv line 27: duplicate seq 3"),
    ({"splits": with_row("splits.csv", "16,4,,true")}, "splits.csv line 27: drg is blank"),
    ({"splits": with_row("splits.csv", "16,4,FR19,age < old")}, "splits.csv line 27: the condition 'age < old'"),
    ({"lists": with_row("lists.csv", ",I10.x00,")}, "lists.csv line 29: list is blank"),
    ({"lists": "list,code,tag\n"}, "missing list F.pdx"),
]


@pytest.mark.parametrize(("changed", "told"), FAULTS, ids=[told for _, told in FAULTS])
def test_a_fault_refuses_the_scheme_and_is_told(check, changed, told):
    faults, _ = check(**changed)
    assert any(told in fault for fault in faults), faults


def test_all_faults_are_told_together(check):
    faults, _ = check(
        rules=replaced("rules.csv", "pdx in F.pdx", "pdx in G.pdx"),
        splits=with_row("splits.csv", "99,1,XX19,truth"),
        mcc="code,table\nJ96.000,1\nJ96.000,2\n",
    )
    assert len(faults) == 3


def test_a_file_that_is_not_utf8_is_told(tmp_path):
    folder = write_scheme(tmp_path / "scheme")
    (folder / "rules.csv").write_bytes("seq,名称".encode("gbk"))
    with pytest.raises(SchemeError, match=r"rules\.csv: not readable: byte 4 is not UTF-8"):
        read_scheme(folder)


WARNINGS = [
    ({"mcc": "code,table\nJ96.000,\n"}, "mcc.csv: 1 codes without a table: J96.000"),
    ({"cce": "code,table\n,1\n"}, "cce.csv line 2: no code"),
    ({"proc_valid": "code,note\n,1\n"}, "proc_valid.csv line 2: no code"),
    ({"lists": with_row("lists.csv", "F.pdx,,")}, "lists.csv line 29: no code"),
    ({"lists": with_row("lists.csv", "Q.pdx,Q00.000,")}, "lists.csv line 29: unused list Q.pdx"),
    ({"lists": with_row("lists.csv", "F.pdx,I21.001,")}, "duplicate code in 1 rows of the list F.pdx"),
    ({"mcc": with_row("mcc.csv", "J96.000,109")}, "mcc.csv: duplicate code in 1 rows: J96.000"),
    ({"mcc": with_row("mcc.csv", "J18.900,109")}, "cc.csv: 1 codes are MCC as well: J18.900"),
    ({"proc_valid": with_row("proc_valid.csv", "36.0700")}, "proc_valid.csv: duplicate code in 1 rows: 36.0700"),
    ({"drg": with_row("drg.csv", "XX19,x")}, "drg.csv: 1 groups never given: XX19"),
    ({"drg": replaced("drg.csv", "AB19,AB19组\n", "")}, "drg.csv: 1 groups without a name: AB19"),
    ({"dx_map": None}, "dx_map.csv: no code map"),
    ({"mdc": with_row("mdc.csv", "9,MDCX,true,")}, "mdc.csv line 10: empty MDCX"),
    ({"rules": with_row("rules.csv", "18,MDCF,ADRG,FR9,x,sex = 1,next")}, "line 19: FR9 gives no group"),
    ({"rules": replaced("rules.csv", "proc tag N.proc 3", "proc tag N.proc 4")}, "rules.csv line 10: unknown tag 4"),
    ({"mdc": replaced("mdc.csv", "sites Z.pdx", "sites B.pdx")}, "mdc.csv line 4: sites without tags"),
    ({"splits": with_row("splits.csv", "13,1,BQY1,true")}, "splits of the QY rule 13"),
    ({"scheme": '{"scheme": "a", "mdc_order": ["MDCB", "MDCA"]}'}, "two orders of the MDCs"),
    ({"splits": with_row("splits.csv", "16,4,FR19,mcc")}, "splits.csv line 27: the group FR19 of FR1 can never"),
    ({"splits": replaced("splits.csv", "16,1,FR11,mcc", "16,1,FR11,false")}, "the group FR11 of FR1 can never"),
    ({"splits": replaced("splits.csv", "8,1,MR11,mcc", "8,1,MR11,sex = 2")}, "the group MR11 of MR1 can never"),
    (
        {"rules": replaced("rules.csv", "11,MDCB,ADRG,BB1_1,开颅,proc1 in B.proc", "11,MDCB,ADRG,BB1_1,开颅,false")},
        "BB1_1 of MDCB can never",
    ),
    (
        {"rules": with_row("rules.csv", "18,MDCY,ADRG,YR2,x,pdx in Y.pdx,YR2")},
        "rules.csv line 19: the rule YR2 of MDCY can never be reached: YR1 of MDCY in line 18 takes all",
    ),
    (
        {"rules": with_row("rules.csv", "18,MDCF,ADRG,FR2,x,pdx in B.pdx,FR2")},
        "the rule FR2 of MDCF can never be reached: no case can meet",
    ),
    (
        {"rules": with_row("rules.csv", "18,MDCF,ADRG,FR2,x,age < 3 and age >= 3,FR2")},
        "the rule FR2 of MDCF can never be reached: no case can meet",
    ),
]


@pytest.mark.parametrize(("changed", "told"), WARNINGS)
def test_a_warning_does_not_refuse_the_scheme(check, changed, told):
    faults, warnings = check(**changed)
    assert faults == []
    assert any(told in warning for warning in warnings), warnings


def test_a_list_that_is_known_to_be_empty_is_no_fault(tmp_path):
    files = small_scheme(empty_lists=["G.pdx"])
    files["rules.csv"] = files["rules.csv"].replace("pdx in F.pdx", "pdx in G.pdx")
    tables, faults, warnings = check_scheme(write_scheme(tmp_path / "scheme", files))
    assert tables is not None
    assert faults == ()
    assert any("empty list G.pdx" in str(one) for one in warnings)
    assert any("the rule FR1 of MDCF can never be reached" in str(one) for one in warnings)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "nothing", "not found"),
        (lambda folder: zip_scheme(folder / "x.zip", {"rules.csv": ""}), "scheme.json: missing file"),
        (lambda folder: zip_scheme(folder / "x.zip", {"a/scheme.json": "", "b/scheme.json": ""}, ""), "2 schemes"),
    ],
)
def test_what_is_no_scheme_is_told(tmp_path, make, told):
    with pytest.raises(SchemeError, match=told):
        read_scheme(make(tmp_path))


def test_a_broken_zip_is_told(tmp_path):
    file = tmp_path / "x.zip"
    file.write_bytes(b"PK but no zip")
    with pytest.raises(SchemeError, match="not readable"):
        read_scheme(file)


def test_repairs_told_in_any_of_the_ways_are_kept(tmp_path):
    files = small_scheme(repairs=["a"], repaired=["b"], restored={"PB1": "proc1 in L"})
    tables = read_scheme(write_scheme(tmp_path / "scheme", files))
    assert tables.manifest.repairs == ("a", "b", "PB1: proc1 in L")


def test_weights_and_payment_are_read_and_checked(tmp_path):
    folder = write_scheme(tmp_path / "scheme")
    (folder / "weights.csv").write_text("drg,weight\nBR15,0.5\nAB19,\n", "utf-8")
    weights = read_scheme(folder).weights
    assert weights["AB19"].weight is None
    (folder / "weights.csv").write_text("drg,weight\nBR15,0\n", "utf-8")
    (folder / "payment.json").write_text(json.dumps({"id": "x"}), "utf-8")
    _, faults, _ = check_scheme(folder)
    assert {fault.file for fault in faults} >= {"weights.csv", "payment.json"}
