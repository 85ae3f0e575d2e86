"""A slow DRG grouper that reads the CSV files anew and evaluates the text of every condition, to compare with.

It shares no code with app/: conditions become Python expressions by replacing their atoms, and Python evaluates them.
"""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

_ATOM = re.compile(
    r"""(?P<one>pdx|proc1)\s+(?P<neg>not\s+)?in\s+(?P<one_list>[^\s()]+)
    |(?P<any>dx|odx|proc|oproc)\s+any\s+(?P<any_list>[^\s()]+)
    |proc\s+tag\s+(?P<tag_list>[^\s()]+)\s+(?P<tag>[^\s()]+)
    |sites\s+(?P<sites_list>[^\s()]+)\s*(?P<sites_op><=|>=|<|>|=)\s*(?P<sites_n>\d+)
    |(?P<valid>proc1|proc)\s+valid
    |(?P<number>age_days|age|weight|los|icu_hours)\s*(?P<op><=|>=|<|>|=)\s*(?P<value>[\d.]+)
    |(?P<word>sex|leaving|dept)\s*(?:=\s*(?P<word_value>[^\s()]+)|in\s*\((?P<word_values>[^)]*)\))
    |\b(?P<level>mcc|cc|true|false)\b""",
    re.VERBOSE,
)
_COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}
_FIELDS = {"age": "age", "age_days": "ageDay", "weight": "weight", "los": "inHospitalTime", "icu_hours": "icuHours"}
_WORDS = {"sex": "gender", "leaving": "leavingType", "dept": "dept"}


class Oracle:
    def __init__(self, folder: Path) -> None:
        def rows(name):
            with (folder / name).open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))

        self.meta = json.loads((folder / "scheme.json").read_text("utf-8"))
        self.mdcs = rows("mdc.csv")
        self.rules = defaultdict(list)
        for row in rows("rules.csv"):
            self.rules[row["mdc"]].append(row)
        self.splits = defaultdict(list)
        for row in rows("splits.csv"):
            self.splits[row["rule"]].append(row)
        self.lists = defaultdict(lambda: defaultdict(set))
        for row in rows("lists.csv"):
            self.lists[row["list"]][row["code"]].add(row["tag"])
        self.tables = {
            name: {row["code"]: row["table"] for row in rows(f"{name}.csv")} for name in ("mcc", "cc", "cce")
        }
        self.valid = {row["code"] for row in rows("proc_valid.csv")}
        self.compiled = {}

    def group(self, case):
        """Status, MDC, ADRG and DRG of a case object whose fields have the right types."""
        missing = case["gender"] not in ("1", "2") or case["age"] is None or not case["zdList"]
        if not missing and case["age"] == 0:
            missing = case["ageDay"] is None or (case["ageDay"] <= 28 and case["weight"] is None)
        fail = self.meta.get("fail_drg", ["0000", "0000"])
        if missing:
            nothing = ("0000", "00", "0000") if fail == ["0000", "0000"] else ("", "", "")
            return ("信息校验不通过", *nothing)
        code = self._search(case)
        if code is None and self.meta.get("retry_single_procedure"):
            alone = (self._search({**case, "ssList": [one]}) for one in case["ssList"][1:])
            code = next((one for one in alone if one is not None), None)
        if code is None:
            return ("无法入组", "0000", "00", fail[0])
        if code.endswith("QY"):
            return ("歧义病案", "MDC" + code[0], "QY", code)
        return ("分组成功", "MDC" + code[0], code[:3], code)

    def _search(self, case):
        for mdc in self.mdcs:
            if not self._holds(mdc["condition"], case):
                continue
            for rule in self.rules[mdc["mdc"]]:
                if not self._holds(rule["condition"], case):
                    continue
                if rule["kind"] == "QY":
                    return rule["code"]
                for split in self.splits[rule["seq"]]:
                    if self._holds(split["condition"], case):
                        return split["drg"]
                if rule["otherwise"] != "next":
                    return rule["otherwise"]
        return None

    def _holds(self, text, case):
        if text not in self.compiled:
            atoms = []

            def note(found):
                atoms.append(found)
                return f"_({len(atoms) - 1})"

            self.compiled[text] = compile(_ATOM.sub(note, text).strip(), text, "eval"), atoms
        code, atoms = self.compiled[text]
        return bool(eval(code, {"_": lambda number: self._atom(atoms[number], case)}))

    def _atom(self, atom, case):
        dx, procedures = case["zdList"], case["ssList"]
        subjects = {"dx": dx, "odx": dx[1:], "proc": procedures, "oproc": procedures[1:]}
        if atom["one"]:
            codes = dx[:1] if atom["one"] == "pdx" else procedures[:1]
            return any(code in self.lists[atom["one_list"]] for code in codes) != bool(atom["neg"])
        if atom["any"]:
            return any(code in self.lists[atom["any_list"]] for code in subjects[atom["any"]])
        if atom["tag_list"]:
            codes = self.lists[atom["tag_list"]]
            return any(atom["tag"] in codes[code] for code in procedures if code in codes)
        if atom["sites_list"]:
            codes = self.lists[atom["sites_list"]]
            sites = {tag for code in dx if code in codes for tag in codes[code]} - {""}
            return _COMPARE[atom["sites_op"]](len(sites), int(atom["sites_n"]))
        if atom["valid"]:
            return any(code in self.valid for code in (procedures[:1] if atom["valid"] == "proc1" else procedures))
        if atom["number"]:
            value = case[_FIELDS[atom["number"]]]
            if value is None or (atom["number"] == "weight" and value <= 0):
                return False
            return _COMPARE[atom["op"]](value, float(atom["value"]))
        if atom["word"]:
            values = [atom["word_value"]] if atom["word_value"] else atom["word_values"].split(",")
            return case[_WORDS[atom["word"]]] in [value.strip() for value in values]
        if atom["level"] in ("true", "false"):
            return atom["level"] == "true"
        excluded = self.tables["cce"].get(dx[0])
        table = self.tables[atom["level"]]
        return any(code in table and table[code] != excluded for code in dx[1:])
