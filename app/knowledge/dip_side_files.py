"""The small tables of a DIP catalogue (辅助目录、排除表、系数、操作属性)."""

from pathlib import Path

from app.domain.money import ZERO
from app.knowledge.dip_condition import Lists, read_condition
from app.knowledge.dip_expression import Signs, Term, Unreadable, read_codes, read_expression, read_prefixes
from app.knowledge.dip_faults import DipFault
from app.knowledge.dip_records import (
    KIND_NAMES,
    RULE_NAMES,
    Auxiliary,
    Coefficient,
    DiagnosisExclusion,
    Kind,
    OperationExclusion,
    OperationKind,
    OperationRule,
)
from app.knowledge.dip_table import Row, read_table


def read_auxiliaries(
    folder: Path, codes: frozenset[str], lists: Lists, faults: list[DipFault]
) -> tuple[Auxiliary, ...]:
    columns = ("kind", "code", "condition", "coefficient", "source")
    found, seen = [], _Seen()
    for row in read_table(folder / "aux.csv", columns, columns[:4], _AUX_HEADINGS, faults):
        before = len(faults)
        kind, code, text = row.text("kind", True), row.text("code", True), row.text("condition", True)
        _known_group(row, "code", code, codes)
        coefficient = row.number_of("coefficient", above=ZERO)
        if coefficient is None and not row.cells.get("coefficient"):
            row.fault("coefficient", "没有系数", "辅助目录的每一行都是一个系数", "请补填")
        try:
            condition = read_condition(text, lists)
        except Unreadable as error:
            row.fault("condition", str(error), "无法判断哪些病例适用", "请改正")
        seen.check(row, "condition", (kind, code, text), "病种、类型和条件")
        if len(faults) == before and coefficient is not None:
            made = Auxiliary(
                row=row.number, kind=kind, code=code, condition=condition, text=text, coefficient=coefficient
            )
            found.append(made)
    return tuple(found)


def read_operation_exclusions(folder: Path, signs: Signs, faults: list[DipFault]) -> tuple[OperationExclusion, ...]:
    columns = ("code", "rule", "range", "source")
    headings = {"手术操作代码": "code", "处理规则": "rule", "限定主诊断范围": "range"}
    found, seen = [], _Seen()
    for row in read_table(folder / "op_exclusion.csv", columns, columns[:2], headings, faults):
        before = len(faults)
        text, rule = row.text("code", True), row.word("rule", OperationRule, RULE_NAMES, required=True)
        diagnoses: tuple[str, ...] = ()
        term = _operation(row, text, signs)
        try:
            diagnoses = read_prefixes(row.cells["range"]) if "range" in row.cells else ()
        except Unreadable as error:
            row.fault("range", str(error), "无法判断在哪些诊断下可作主要操作", "请改正")
        if rule is not None and bool(diagnoses) != (rule is OperationRule.MAIN_ONLY_IN) and len(faults) == before:
            row.fault("range", "范围与规则不符", "只有 main_only_in 规则要写范围，且必须写", "请补填或删除")
        seen.check(row, "code", text, "操作")
        if len(faults) == before and rule is not None:
            found.append(OperationExclusion(row=row.number, codes=term, rule=rule, diagnoses=diagnoses))
    return tuple(found)


def _operation(row: Row, text: str, signs: Signs) -> Term:
    """One code, or several with "or" between them."""
    try:
        expression = read_expression(text, signs)
        terms = [term for alternative in expression for term in alternative]
        if len(terms) > len(expression):
            raise Unreadable(f"“{text[:60]}”用了“且”，排除表按单个操作判断")
    except Unreadable as error:
        row.fault("code", str(error), "无法读出手术操作", "请改正")
        terms = []
    return Term(frozenset(c for t in terms for c in t.exact), tuple(sorted({p for t in terms for p in t.prefixes})))


def read_diagnosis_exclusions(folder: Path, faults: list[DipFault]) -> tuple[DiagnosisExclusion, ...]:
    found, seen = [], _Seen()
    headings = {"诊断代码": "code", "主要诊断代码": "code"}
    for row in read_table(folder / "dx_exclusion.csv", ("code", "reason", "source"), ("code",), headings, faults):
        text = row.text("code", True)
        seen.check(row, "code", text, "诊断")
        try:
            found.append(DiagnosisExclusion(row=row.number, codes=read_codes(text)))
        except Unreadable as error:
            row.fault("code", str(error), "无法读出诊断", "请改正")
    return tuple(found)


def read_coefficients(folder: Path, codes: frozenset[str], faults: list[DipFault]) -> tuple[Coefficient, ...]:
    columns = ("hospital", "level", "group", "insurance_type", "value", "source")
    headings = {"医疗机构": "hospital", "级别": "level", "病种编码": "group", "险种": "insurance_type", "系数": "value"}
    found, seen = [], _Seen()
    for row in read_table(folder / "hospital_coef.csv", columns, ("value",), headings, faults):
        hospital, level = row.text("hospital"), row.text("level")
        group, insurance_type = row.text("group") or "*", row.text("insurance_type")
        value = row.number_of("value", above=ZERO)
        if hospital and level:
            row.fault("level", "同时写了医疗机构和级别", "无法判断系数属于谁", "请只写一个")
        if value is None and not row.cells.get("value"):
            row.fault("value", "没有系数", "每一行都是一个系数", "请补填")
        _known_group(row, "group", group, codes)
        seen.check(row, "value", (hospital, level, group, insurance_type), "医疗机构或级别、病种和险种")
        if value is not None:
            made = Coefficient(
                row=row.number, hospital=hospital, level=level, group=group, insurance_type=insurance_type, value=value
            )
            found.append(made)
    return tuple(found)


def read_operations(folder: Path, faults: list[DipFault]) -> tuple[OperationKind, ...]:
    columns = ("code", "name", "kind", "level", "incision", "source")
    headings = {"手术操作代码": "code", "名称": "name", "类别": "kind", "级别": "level", "切口": "incision"}
    found, seen = [], _Seen()
    for row in read_table(folder / "operations.csv", columns, ("code",), headings, faults):
        before = len(faults)
        text, kind, level = row.text("code", True), row.word("kind", Kind, KIND_NAMES), row.whole("level")
        if kind is None and level is None and len(faults) == before:
            row.fault("kind", "没有类别也没有级别", "本表用来说明操作的类别或级别", "请补填或删除该行")
        seen.check(row, "code", text, "操作")
        term = _operation(row, text, Signs()) if text else Term(frozenset(), ())
        if len(term.exact) + len(term.prefixes) > 1:
            row.fault("code", "一行写了多个操作", "每行说明一个操作或一个前缀", "请拆成多行")
        if len(faults) == before:
            code = f"{term.prefixes[0]}*" if term.prefixes else next(iter(term.exact))
            incision = row.text("incision").removesuffix("类")
            found.append(OperationKind(row=row.number, code=code, kind=kind, level=level, incision=incision))
    return tuple(found)


class _Seen:
    """Rows by what must be unique in them."""

    def __init__(self) -> None:
        self._rows: dict[object, int] = {}

    def check(self, row: Row, column: str, key: object, what: str) -> None:
        if (first := self._rows.setdefault(key, row.number)) != row.number:
            row.fault(column, f"与第{first}行的{what}相同", "无法判断以哪一行为准", "请删除一行")


def _known_group(row: Row, column: str, code: str, codes: frozenset[str]) -> None:
    if code and code != "*" and code not in codes:
        row.fault(column, f"病种“{code[:40]}”不在 groups.csv 中", "永远不会用到", "请改正编码，所有病种写 *")


_AUX_HEADINGS = {"类型": "kind", "病种编码": "code", "条件": "condition", "系数": "coefficient"}
