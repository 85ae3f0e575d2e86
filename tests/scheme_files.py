"""A small grouping scheme of its own, as files: every kind of condition once, groups and codes made up for the form."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

MDC = """\
seq,mdc,condition,qy
1,MDCA,(proc1 valid or proc1 in A.gate),off
2,MDCP,pdx in P.pdx and age = 0,off
3,MDCZ,pdx in Z.pdx and sites Z.pdx >= 2,off
4,MDCM,pdx in M.pdx and sex = 1,off
5,MDCN,pdx in N.pdx and sex = 2,off
6,MDCB,pdx in B.pdx,first
7,MDCF,pdx in F.pdx,off
8,MDCY,dx any Y.pdx,off
"""
RULES = """\
seq,mdc,kind,code,name,condition,otherwise
1,MDCA,ADRG,AB1,联合移植,proc any A.one and proc any A.two,next
2,MDCA,ADRG,AC1,单独移植,proc1 in A.one,AC1
3,MDCP,ADRG,PS1,极低体重儿,weight < 1500 and age_days <= 28,next
4,MDCP,ADRG,PT1,低体重儿,weight >= 1500 and weight < 2500 and age_days <= 28,PT1
5,MDCP,ADRG,PV1,其他婴儿,true,PV1
6,MDCZ,ADRG,ZZ1,多发伤,not (proc valid),next
7,MDCZ,ADRG,ZJ1,多发伤手术,proc1 valid,next
8,MDCM,ADRG,MR1,男性疾患,pdx in M.pdx,next
9,MDCN,ADRG,NA1,女性大手术,pdx in N.pdx and ((proc tag N.proc 1 and proc tag N.proc 2) or proc tag N.proc 3),next
10,MDCN,ADRG,NR1,女性疾患,not proc1 valid,next
11,MDCB,ADRG,BB1_1,开颅,proc1 in B.proc,next
12,MDCB,ADRG,BB1_2,开颅,odx any B.odx and oproc any B.proc,next
13,MDCB,QY,BQY,,proc1 valid,
14,MDCB,ADRG,BR1,脑病,pdx in B.stroke,next
15,MDCB,ADRG,BR2,其他脑病,pdx not in B.stroke and dept in (ICU),next
16,MDCF,ADRG,FR1,心病,pdx in F.pdx,next
17,MDCY,ADRG,YR1,感染,dx any Y.pdx,YR1
"""
SPLITS = """\
rule,seq,drg,condition
1,1,AB19,true
3,1,PS11,mcc
3,2,PS13,weight < 1000.5
6,1,ZZ1A,sites Z.pdx >= 3
6,2,ZZ1B,true
7,1,ZJ19,true
8,1,MR11,mcc
8,2,MR13,mcc or cc
8,3,MR15,true
9,1,NA19,true
10,1,NR1A,age < 17 and (mcc or cc)
10,2,NR1B,"los < 5 and leaving in (2,5)"
10,3,NR15,true
11,1,BB11,icu_hours > 120
11,2,BB13,icu_hours >= 1 and icu_hours <= 120
11,3,BB15,true
12,1,BB11,true
14,1,BR1X,dept = ICU
14,2,BR11,mcc
14,3,BR13,cc
14,4,BR15,true
15,1,BR21,mcc or cc
16,1,FR11,mcc
16,2,FR13,mcc or cc
16,3,FR15,true
"""
LISTS: dict[str, list[str]] = {  # a code may carry its tag after a slash
    "A.gate": ["96.0400"],
    "A.one": ["50.5100", "50.5900"],
    "A.two": ["55.6900"],
    "P.pdx": ["P07.100", "P22.000"],
    "Z.pdx": ["S06.500/head", "S27.300/chest", "S36.100/belly"],
    "M.pdx": ["N40.x00"],
    "N.pdx": ["N80.000"],
    "N.proc": ["68.4100/1", "40.5900/2", "68.8x00/3"],
    "B.pdx": ["I63.900", "I61.900", "G40.900", "S06.500"],
    "B.proc": ["01.2400"],
    "B.odx": ["G93.500", "G40.900"],
    "B.stroke": ["I63.900", "I61.900"],
    "F.pdx": ["I21.001", "I21.100", "I50.900"],
    "Y.pdx": ["B20.000"],
}
MCC = {"J96.000": "109", "I50.900": "95", "G93.500": "20"}
CC = {"J18.900": "101", "E11.900": "30", "I10.x00": "99"}
CCE = {"I63.900": "20", "I21.001": "95", "N40.x00": "77", "I50.900": "95", "J18.900": "101"}
VALID = ["50.5100", "50.5900", "55.6900", "01.2400", "68.4100", "36.0700"]
GROUPS = """
    AB19 AC1 PS11 PS13 PT1 PV1 ZZ1A ZZ1B ZJ19 MR11 MR13 MR15 NA19 NR1A NR1B NR15
    BB11 BB13 BB15 BR1X BR11 BR13 BR15 BR21 BQY FR11 FR13 FR15 YR1
"""
OTHER_DIAGNOSES = ["I21.000", "I21.900", "Z99.900", "R51.x00"]
OTHER_PROCEDURES = ["88.5500", "99.2900"]
DIAGNOSIS_MAP = {"I21.9": "I21.001", "I21.001": "I21.100", "X00": "", "J18.900": "=", "I50.900": "="}
PROCEDURE_MAP = {"50.51": "50.5100", "50.5100": "50.5900", "36.0700": "="}
MANIFEST: dict[str, Any] = {
    "scheme": "small",
    "title": "小方案",
    "effective_start": "2026-01-01",
    "status": "not for settlement",
    "repairs": ["FR1 put back"],
    "fail_drg": ["0000", "0000"],
    "retry_single_procedure": False,
    "unknown key": 1,
}


def _csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def small_scheme(**manifest: Any) -> dict[str, str]:
    """The files of the scheme by name; keywords change scheme.json."""
    marked = [(name, code.partition("/")) for name, codes in LISTS.items() for code in codes]
    lists = [(name, code, tag) for name, (code, _, tag) in marked]
    diagnoses = {row[1] for row in lists if row[1][0].isalpha()} | {*MCC, *CC, *CCE, *OTHER_DIAGNOSES}
    procedures = {row[1] for row in lists if row[1][0].isdigit()} | {*VALID, *OTHER_PROCEDURES}
    return {
        "scheme.json": json.dumps({**MANIFEST, **manifest}, ensure_ascii=False),
        "mdc.csv": MDC,
        "rules.csv": RULES,
        "splits.csv": SPLITS,
        "lists.csv": _csv(("list", "code", "tag"), lists),
        "mcc.csv": _csv(("code", "table"), [*MCC.items()]),
        "cc.csv": _csv(("code", "table"), [*CC.items()]),
        "cce.csv": _csv(("code", "table"), [*CCE.items()]),
        "proc_valid.csv": _csv(("code",), [(code,) for code in VALID]),
        "drg.csv": _csv(("code", "name"), [(code, f"{code}组") for code in GROUPS.split()]),
        "dx.csv": _csv(("code", "name"), [(code, f"诊断{code}") for code in sorted(diagnoses)]),
        "proc.csv": _csv(("code", "name"), [(code, f"操作{code}") for code in sorted(procedures)]),
        "dx_map.csv": _csv(("code", "to"), [*DIAGNOSIS_MAP.items()]),
        "proc_map.csv": _csv(("code", "to"), [*PROCEDURE_MAP.items()]),
    }


def write_scheme(folder: Path, files: dict[str, str] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (small_scheme() if files is None else files).items():
        (folder / name).write_text(content, "utf-8")
    return folder


def zip_scheme(file: Path, files: dict[str, str] | None = None, top: str = "small/") -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in (small_scheme() if files is None else files).items():
            archive.writestr(f"{top}{name}", content)
    return file
