"""Grouping schemes on disk (分组方案文件): one folder or zip of CSV tables a scheme, read into SchemeTables.

scheme.json     the id, the period in force, what was mended, and the scheme's own ways
mdc.csv         seq,mdc,condition               major categories in the order in which they are tried
rules.csv       seq,mdc,kind,code,name,condition,otherwise
splits.csv      rule,seq,drg,condition          the groups of a rule, tried in order
lists.csv       list,code,tag                   code lists that conditions name
mcc.csv cc.csv  code,table                      complications and the exclusion table each stands in
cce.csv         code,table                      principal diagnosis and the table that it excludes
proc_valid.csv  code                            procedures that count for grouping
drg.csv dx.csv proc.csv  code,name
dx_map.csv proc_map.csv  code,to                optional; `=` keeps the code, a blank has no counterpart
weights.csv payment.json                        optional; see weight_file.py and payment_files.py
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from app.domain.group_weight import GroupWeight, PaymentScheme
from app.knowledge.pack import PackError
from app.knowledge.payment_files import PAYMENT_FILE, decode_parameters, together_faults
from app.knowledge.scheme_cells import Findings, Table, read_codes, read_pairs
from app.knowledge.scheme_check import check_tables
from app.knowledge.scheme_issues import SchemeError, SchemeIssue
from app.knowledge.scheme_manifest import read_manifest
from app.knowledge.scheme_source import SchemeSource, read_source
from app.knowledge.scheme_tables import NEXT, MdcRow, RuleRow, SchemeTables, SplitRow
from app.knowledge.weight_file import read_weights

_KINDS = ("ADRG", "QY")
_SAME = "="


def read_scheme(path: Path) -> SchemeTables:
    """The scheme in a folder or zip; raises SchemeError with every fault found in its files."""
    source = read_source(path)
    tables, findings = read_tables(source)
    if tables is None or findings.faults:
        raise SchemeError(findings.faults, str(path))
    return tables


def check_scheme(path: Path) -> tuple[SchemeTables | None, tuple[SchemeIssue, ...], tuple[SchemeIssue, ...]]:
    """The scheme where it can be used, its faults, and its warnings (what can never be reached among them)."""
    from app.knowledge.scheme_reach import unreachable

    try:
        source = read_source(path)
    except SchemeError as error:
        return None, error.faults, ()
    tables, findings = read_tables(source)
    warnings = [*findings.warnings]
    if tables is not None and not findings.faults:
        warnings += unreachable(tables)
    return None if findings.faults else tables, tuple(findings.faults), tuple(warnings)


def read_tables(source: SchemeSource) -> tuple[SchemeTables | None, Findings]:
    """What the files hold, and what is wrong with them; None where a file is missing or not readable at all."""
    findings, files = Findings(), source.files
    manifest = read_manifest(files, findings)
    mdcs, rules, splits = _mdcs(files, findings), _rules(files, findings), _splits(files, findings)
    lists, list_lines = _lists(files, findings)
    pairs = _pairs(files, ("mcc", "cc", "cce"), "table", findings, is_decisive=True)
    names = _pairs(files, ("drg", "dx", "proc"), "name", findings, is_decisive=False)
    valid = read_codes(files, "proc_valid.csv", findings)
    maps = {name: _code_map(files, f"{name}.csv", findings) for name in ("dx_map", "proc_map")}
    payments, weights = _payments(files, findings)
    if manifest is None or any(fault.what == "missing file" for fault in findings.faults):
        return None, findings
    tables = SchemeTables(
        manifest=manifest,
        digest=source.digest,
        mdcs=mdcs,
        rules=rules,
        splits=splits,
        lists=lists,
        list_lines=list_lines,
        mcc=pairs["mcc"],
        cc=pairs["cc"],
        cce=pairs["cce"],
        valid_procedures=valid,
        groups=names["drg"],
        diagnoses=names["dx"],
        procedures=names["proc"],
        diagnosis_map=maps["dx_map"],
        procedure_map=maps["proc_map"],
        weights=weights,
        payments=payments,
    )
    check_tables(tables, findings)
    return tables, findings


def _pairs(
    files: Mapping[str, bytes], names: tuple[str, ...], value: str, findings: Findings, *, is_decisive: bool
) -> dict[str, dict[str, str]]:
    return {
        name: read_pairs(files, f"{name}.csv", ("code", value), findings, is_decisive=is_decisive) for name in names
    }


def _mdcs(files: Mapping[str, bytes], findings: Findings) -> tuple[MdcRow, ...]:
    table = Table(files, "mdc.csv", ("seq", "mdc", "condition"), findings)
    found: dict[str, MdcRow] = {}
    for line, (number, code, text) in table:
        seq, condition = table.seq(line, number), table.condition(line, text)
        if seq is None or condition is None or not table.filled(line, mdc=code):
            continue
        if code in found:
            table.fault(line, f"duplicate MDC {code}", f"it stands in line {found[code].line}", "keep one row")
        found.setdefault(code, MdcRow(seq, code, condition, text, line))
    _refuse_repeated(table, [(row.seq, row.line) for row in found.values()])
    return tuple(sorted(found.values()))


def _rules(files: Mapping[str, bytes], findings: Findings) -> tuple[RuleRow, ...]:
    columns = ("seq", "mdc", "kind", "code", "name", "condition", "otherwise")
    table = Table(files, "rules.csv", columns, findings)
    found = []
    for line, (number, mdc, kind, code, name, text, otherwise) in table:
        seq, condition = table.seq(line, number), table.condition(line, text)
        if kind not in _KINDS:
            table.fault(line, f"kind is {kind!r}", "a rule is an ADRG, or QY for operations beside it", "mend it")
        elif kind == "ADRG" and not otherwise:
            why = "it says what holds where no split does"
            table.fault(line, "otherwise is blank", why, f"write {NEXT}, or the code that is the answer")
        elif table.filled(line, mdc=mdc, code=code) and seq is not None and condition is not None:
            found.append(RuleRow(seq, mdc, kind, code, name, condition, text, otherwise or NEXT, line))
    _refuse_repeated(table, [(row.seq, row.line) for row in found])
    return tuple(sorted(found, key=lambda row: row.seq))


def _splits(files: Mapping[str, bytes], findings: Findings) -> dict[int, tuple[SplitRow, ...]]:
    table = Table(files, "splits.csv", ("rule", "seq", "drg", "condition"), findings)
    found: dict[int, list[SplitRow]] = {}
    for line, (rule_number, number, drg, text) in table:
        rule, seq, condition = table.seq(line, rule_number), table.seq(line, number), table.condition(line, text)
        if rule is not None and seq is not None and condition is not None and table.filled(line, drg=drg):
            found.setdefault(rule, []).append(SplitRow(seq, drg, condition, text, line))
    for rows in found.values():
        _refuse_repeated(table, [(row.seq, row.line) for row in rows])
    return {rule: tuple(sorted(rows, key=lambda row: row.seq)) for rule, rows in found.items()}


def _refuse_repeated(table: Table, numbers: list[tuple[int, int]]) -> None:
    first: dict[int, int] = {}
    for seq, line in numbers:
        if (above := first.setdefault(seq, line)) != line:
            table.fault(line, f"duplicate seq {seq}", f"line {above} has it too, so the order is open", "number anew")


def _lists(
    files: Mapping[str, bytes], findings: Findings
) -> tuple[dict[str, dict[str, tuple[str, ...]]], dict[str, int]]:
    table = Table(files, "lists.csv", ("list", "code", "tag"), findings)
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    lines: dict[str, int] = {}
    repeated: Counter[str] = Counter()
    for line, (name, code, tag) in table:
        if not code:
            table.skip(line)
            continue
        if not table.filled(line, list=name):
            continue
        codes = found.setdefault(name, {})
        lines.setdefault(name, line)
        tags = codes.get(code)
        if tags is None:
            codes[code] = (tag,) if tag else ()
        elif not tag or tag in tags:
            repeated[name] += 1
        else:
            codes[code] = (*tags, tag)
    for name, count in repeated.items():
        what = f"duplicate code in {count} rows of the list {name}"
        findings.warn("lists.csv", lines[name], what, "a code is in a list once", "keep one row a code")
    return found, lines


def _code_map(files: Mapping[str, bytes], name: str, findings: Findings) -> dict[str, str] | None:
    if name not in files:
        why = "clinical codes of this kind cannot be translated"
        findings.warn(name, 0, "no code map", why, "add it, or send codes of the insurance edition")
        return None
    pairs = read_pairs(files, name, ("code", "to"), findings, is_decisive=True)
    return {code: code if to == _SAME else "" if to == "-" else to for code, to in pairs.items()}


def _payments(
    files: Mapping[str, bytes], findings: Findings
) -> tuple[tuple[PaymentScheme, ...], dict[str, GroupWeight]]:
    """Weights and payment parameters where there are such."""
    tables: dict[str, dict[str, GroupWeight]] = {}
    found: list[PaymentScheme] = []
    try:
        periods = decode_parameters(files[PAYMENT_FILE]) if PAYMENT_FILE in files else ()
    except PackError as error:
        _pass_on(findings, PAYMENT_FILE, error)
        periods = ()
    for name in dict.fromkeys(["weights.csv", *(one.weights for one in periods)]):
        try:
            if name in files:
                tables[name] = read_weights(Path(name), files[name])
            elif name != "weights.csv" or periods:
                findings.fault(name, 0, "missing file", f"{PAYMENT_FILE} names it", "add the weight table")
        except PackError as error:
            _pass_on(findings, name, error)
    for parameters in periods:
        if (weights := tables.get(parameters.weights)) is not None:
            for told in together_faults(parameters, weights):
                findings.fault(PAYMENT_FILE, 0, "does not fit the weights", told, "see there")
            found.append(PaymentScheme(parameters, weights))
    return tuple(sorted(found, key=lambda one: one.parameters.in_force.start)), tables.get("weights.csv", {})


def _pass_on(findings: Findings, file: str, error: PackError) -> None:
    for told in str(error).split("\n"):
        findings.fault(file, 0, "not usable", told.removeprefix(f"{file}: "), "mend it")
