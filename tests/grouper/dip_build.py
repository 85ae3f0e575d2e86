"""What the DIP tests share: catalogues written as a city writes them, in text cells."""

from datetime import date
from decimal import Decimal

import msgspec

from app.domain.period import Period
from app.domain.stay import Stay
from app.grouper.dip_catalogue import DipCatalogue
from app.knowledge.dip_condition import read_condition
from app.knowledge.dip_expression import Term, read_codes, read_expression, read_prefixes, read_secondary
from app.knowledge.dip_params import DipParams
from app.knowledge.dip_records import (
    Auxiliary,
    Bounds,
    Coefficient,
    DiagnosisExclusion,
    DipFiles,
    DipGroup,
    DipMeta,
    Kind,
    Layer,
    OperationExclusion,
    OperationKind,
    OperationRule,
    Status,
)

META = DipMeta(
    id="test",
    name="测试目录",
    region="测试市",
    edition="3.0",
    period=Period(date(2026, 1, 1)),
    source="test",
    status=Status.IN_FORCE,
)
LISTS = {"organ_failure": read_codes("J96|R57|A41"), "cci": read_codes("I50|E11|C77-C80")}

APPENDIX = [
    {"code": "OPEN", "dx": "K35.9", "main_op": "47.0901", "score": "1000", "mean_cost": "9173"},
    {"code": "SCOPE", "dx": "K35.9", "main_op": "47.0100", "score": "1459.2", "mean_cost": "13385"},
    {"code": "CONS", "dx": "K35.9", "score": "446.9", "mean_cost": "4099"},
]
STENT = [
    {"code": "DES", "dx": "I21.0", "main_op": "36.0700", "mean_cost": "28033"},
    {"code": "DES-IVUS", "dx": "I21.0", "main_op": "36.0700", "related_op": "00.2400|00.2400x001"},
]


def params(**given):
    """Parameters from plain values, nested as in params.json."""
    return msgspec.convert(given, DipParams, strict=False)


def group(row, params, **cells):
    """A group from the cells of its row; layer basic, and a name and score, unless given."""
    layer = Layer(cells.get("layer", "basic"))
    kind = Kind(cells["kind"]) if cells.get("kind") else None
    if layer is Layer.BASIC and not cells.get("main_op") and kind is None:
        kind = Kind.CONSERVATIVE
    score = cells.get("score", "100")
    return DipGroup(
        row=row,
        layer=layer,
        code=cells["code"],
        name=cells.get("name", cells["code"]),
        diagnoses=read_prefixes(cells["dx"]),
        main=read_expression(cells.get("main_op", ""), params.operation.signs),
        related=read_expression(cells.get("related_op", ""), params.operation.signs),
        secondary=read_secondary(cells.get("other_dx", "")),
        age=Bounds(*cells.get("age", (None, None))),
        age_days=Bounds(*cells.get("age_days", (None, None))),
        weight=Bounds(*cells.get("weight", (None, None))),
        condition=read_condition(cells.get("condition", ""), LISTS),
        kind=kind,
        score=Decimal(score) if score else None,
        mean_cost=Decimal(cells["mean_cost"]) if cells.get("mean_cost") else None,
        is_grassroots=cells.get("grassroots", False),
    )


def catalogue(
    groups, given=None, *, aux=(), op_rules=(), barred=(), coefficients=(), operations=None, meta=META, cci=()
):
    """A catalogue of groups given as cells; aux (kind, code, condition, coefficient), op_rules (code, rule, range),
    coefficients (hospital, level, group, insurance type, value), operations {code: kind or (kind, level, incision)}."""
    made = params(**(given or {}))
    files = DipFiles(
        meta=meta,
        params=made,
        groups=tuple(group(row, made, **cells) for row, cells in enumerate(groups, start=2)),
        auxiliaries=_auxiliaries(aux),
        operation_exclusions=_operation_exclusions(op_rules),
        diagnosis_exclusions=tuple(
            DiagnosisExclusion(row=row, codes=read_codes(code)) for row, code in enumerate(barred, start=2)
        ),
        coefficients=tuple(
            Coefficient(row=row, hospital=who, level=level, group=code, insurance_type=kind, value=Decimal(value))
            for row, (who, level, code, kind, value) in enumerate(coefficients, start=2)
        ),
        operations=_operations(operations or {}),
        comorbidities=tuple((item, read_codes(codes), points) for item, codes, points in cci),
    )
    return DipCatalogue(files)


def _auxiliaries(told):
    return tuple(
        Auxiliary(
            row=row, kind=kind, code=code, condition=read_condition(text, LISTS), text=text, coefficient=Decimal(value)
        )
        for row, (kind, code, text, value) in enumerate(told, start=2)
    )


def _operation_exclusions(told):
    return tuple(
        OperationExclusion(
            row=row, codes=_operation(code), rule=OperationRule(rule), diagnoses=read_prefixes(where) if where else ()
        )
        for row, (code, rule, where) in enumerate(told, start=2)
    )


def _operations(told):
    cells = {code: (kind,) if isinstance(kind, str) else kind for code, kind in told.items()}
    return tuple(
        OperationKind(
            row=row,
            code=code,
            kind=Kind(one[0]) if one[0] else None,
            level=one[1] if len(one) > 1 else None,
            incision=one[2] if len(one) > 2 else "",
        )
        for row, (code, one) in enumerate(cells.items(), start=2)
    )


def _operation(code):
    term = read_expression(code, params().operation.signs)[0][0]
    return Term(term.exact, term.prefixes)


def stay(principal="", operations=(), others=(), **fields):
    amount = fields.pop("cost", None)
    diagnoses = (principal, *others) if principal or others else ()
    return Stay(
        diagnoses=diagnoses,
        procedures=tuple(operations),
        total_amount=None if amount is None else Decimal(amount),
        **fields,
    )
