"""Records of a DIP catalogue (病种目录记录): groups and the small tables beside them, as read and checked."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.domain.period import Period
from app.knowledge.dip_condition import Condition
from app.knowledge.dip_expression import Expression, Term
from app.knowledge.dip_params import DipParams


class Layer(StrEnum):
    """病种层次, in the usual order of matching."""

    PRIORITY = "priority"
    TCM = "tcm"
    BEDDAY = "bedday"
    MERGE = "merge"
    DXAUX = "dxaux"
    BASIC = "basic"
    COMPREHENSIVE = "comprehensive"
    FALLBACK = "fallback"


LAYER_NAMES: Mapping[str, Layer] = {
    "先期分组": Layer.PRIORITY,
    "中医优势病种": Layer.TCM,
    "床日病种": Layer.BEDDAY,
    "并项": Layer.MERGE,
    "诊断辅助细分": Layer.DXAUX,
    "基本": Layer.BASIC,
    "综合病种": Layer.COMPREHENSIVE,
    "保底病种": Layer.FALLBACK,
}


class Kind(StrEnum):
    """治疗方式, from the most to the least."""

    SURGERY = "surgery"
    TREATMENT = "treatment"
    DIAGNOSTIC = "diagnostic"
    CONSERVATIVE = "conservative"


KIND_NAMES: Mapping[str, Kind] = {
    "相关手术": Kind.SURGERY,
    "治疗性操作": Kind.TREATMENT,
    "诊断性操作": Kind.DIAGNOSTIC,
    "保守治疗": Kind.CONSERVATIVE,
    "手术": Kind.SURGERY,
    "介入治疗": Kind.SURGERY,  # 介入操作入相关手术组 (DIP 3.0 征求意见稿 第三章第三节)
    "内科诊疗": Kind.CONSERVATIVE,
}


class OperationRule(StrEnum):
    """手术操作排除规则."""

    CONSERVATIVE = "conservative"
    NOT_MAIN = "not_main"
    MAIN_ONLY_IN = "main_only_in"


RULE_NAMES: Mapping[str, OperationRule] = {
    "按保守治疗入组": OperationRule.CONSERVATIVE,
    "不可作为主要手术操作": OperationRule.NOT_MAIN,
    "限范围可作主要手术操作": OperationRule.MAIN_ONLY_IN,
}


class Status(StrEnum):
    """目录状态: only one that is in force may settle anything."""

    IN_FORCE = "in_force"
    TRIAL = "trial"
    NOT_FOR_SETTLEMENT = "not_for_settlement"


class Bounds(Struct, frozen=True, gc=False):
    """From `low` to `high`, both included; None where there is no such end."""

    low: int | None = None
    high: int | None = None

    def __bool__(self) -> bool:
        return self.low is not None or self.high is not None


class DipGroup(Struct, frozen=True, kw_only=True, gc=False):
    """病种. `score` None: the catalogue gives no standard. Amounts in yuan. `row` is the line in groups.csv."""

    row: int
    layer: Layer
    code: str
    name: str
    diagnoses: tuple[str, ...]  # prefixes of the principal diagnosis, longest first
    main: Expression = ()
    related: Expression = ()
    secondary: tuple[tuple[str, ...], ...] = ()
    age: Bounds = Bounds()
    age_days: Bounds = Bounds()
    weight: Bounds = Bounds()
    condition: Condition = ()
    kind: Kind | None = None
    score: Decimal | None = None
    drug_score: Decimal | None = None
    consumable_score: Decimal | None = None
    mean_cost: Decimal | None = None
    mean_days: Decimal | None = None
    is_grassroots: bool = False
    source: str = ""


class Auxiliary(Struct, frozen=True, kw_only=True, gc=False):
    """辅助目录: a coefficient for stays of `code` (`*`: every group) that meet the condition."""

    row: int
    kind: str
    code: str
    condition: Condition
    text: str
    coefficient: Decimal


class OperationExclusion(Struct, frozen=True, kw_only=True, gc=False):
    row: int
    codes: Term
    rule: OperationRule
    diagnoses: tuple[str, ...] = ()  # where it may be main


class DiagnosisExclusion(Struct, frozen=True, kw_only=True, gc=False):
    row: int
    codes: Term


class Coefficient(Struct, frozen=True, kw_only=True, gc=False):
    """医疗机构系数 of a hospital, or of a level where `hospital` is blank, for one group or all (`*`)."""

    row: int
    hospital: str
    level: str
    group: str
    insurance_type: str
    value: Decimal


class OperationKind(Struct, frozen=True, kw_only=True, gc=False):
    """手术操作属性: `level` 1 to 4 and `incision` (切口类别 0 to 3) where the city uses them."""

    row: int
    code: str
    kind: Kind | None
    level: int | None = None
    incision: str = ""


class DipMeta(Struct, frozen=True, kw_only=True):
    """What the catalogue is. `base` says what cost a score of the catalogue stands for."""

    id: str
    name: str
    region: str
    edition: str
    period: Period
    source: str
    status: Status
    base: str = ""


class DipFiles(Struct, frozen=True, kw_only=True):
    """A catalogue folder as read. `comorbidities` gives points by category and codes (查尔森指数)."""

    meta: DipMeta
    params: DipParams
    groups: tuple[DipGroup, ...]
    auxiliaries: tuple[Auxiliary, ...] = ()
    operation_exclusions: tuple[OperationExclusion, ...] = ()
    diagnosis_exclusions: tuple[DiagnosisExclusion, ...] = ()
    coefficients: tuple[Coefficient, ...] = ()
    operations: tuple[OperationKind, ...] = ()
    comorbidities: tuple[tuple[str, Term, int], ...] = ()
