"""groups.csv of a DIP catalogue (病种表): every row a group, with the Chinese headings that cities use as well."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from app.knowledge.dip_condition import Lists, read_condition
from app.knowledge.dip_expression import Expression, Signs, Unreadable, read_expression, read_prefixes, read_secondary
from app.knowledge.dip_faults import DipFault
from app.knowledge.dip_records import KIND_NAMES, LAYER_NAMES, Bounds, DipGroup, Kind, Layer
from app.knowledge.dip_table import Row, read_table

T = TypeVar("T")

COLUMNS = (
    "layer", "code", "name", "dx_patterns", "main_op", "related_op", "other_dx", "age_days_min", "age_days_max",
    "age_min", "age_max", "weight_min", "weight_max", "condition", "kind", "score", "drug_score", "consumable_score",
    "mean_cost", "mean_days", "grassroots", "source", "note",
)  # fmt: skip
HEADINGS = {
    "层次": "layer",
    "病种编码": "code",
    "病种名称": "name",
    "主要诊断代码": "dx_patterns",
    "主要手术操作代码": "main_op",
    "主要操作代码": "main_op",
    "相关手术操作代码": "related_op",
    "相关操作代码": "related_op",
    "其他诊断代码": "other_dx",
    "附加条件": "condition",
    "治疗方式": "kind",
    "分值": "score",
    "病种分值": "score",
    "药品分值": "drug_score",
    "耗材分值": "consumable_score",
    "次均费用": "mean_cost",
    "平均住院日": "mean_days",
    "是否基层病种": "grassroots",
    "来源": "source",
    "备注": "note",
}
_ZERO = Decimal(0)
_REQUIRED = ("layer", "code", "name", "dx_patterns")


def read_groups(folder: Path, signs: Signs, lists: Lists, faults: list[DipFault]) -> tuple[DipGroup, ...]:
    """Every group that can be read; what cannot is a fault."""
    rows = read_table(folder / "groups.csv", COLUMNS, _REQUIRED, HEADINGS, faults)
    if not rows and not faults:
        faults.append(DipFault("groups.csv", 0, "", "没有病种", "空目录无法分组", "请给出病种"))
    reader = _Reader(signs, lists)
    found: list[DipGroup] = []
    owners: dict[str, int] = {}
    for row in rows:
        group = reader.read(row)
        if group is None:
            continue
        if (first := owners.setdefault(group.code, row.number)) != row.number:
            row.fault("code", f"病种编码“{group.code}”与第{first}行重复", "编码必须唯一", "请改正或删除一行")
        else:
            found.append(group)
    return tuple(found)


class _Reader:
    """Reads rows; what stands in many cells alike is read once."""

    def __init__(self, signs: Signs, lists: Lists) -> None:
        self.signs, self.lists = signs, lists
        self._expressions: dict[str, Expression] = {}

    def read(self, row: Row) -> DipGroup | None:
        before = len(row.faults)
        layer = row.word("layer", Layer, LAYER_NAMES, required=True)
        code, name = row.text("code", True), row.text("name", True)
        diagnoses: tuple[str, ...] = ()
        if row.text("dx_patterns", True):
            diagnoses = self._cell(row, "dx_patterns", read_prefixes) or ()
        main, related = self._expression(row, "main_op"), self._expression(row, "related_op")
        kind = row.word("kind", Kind, KIND_NAMES)
        secondary = self._cell(row, "other_dx", read_secondary)
        condition = self._cell(row, "condition", lambda text: read_condition(text, self.lists))
        bounds = {name: _bounds(row, name) for name in ("age", "age_days", "weight")}
        score = row.number_of("score", above=_ZERO)
        drug_score, consumable_score = row.number_of("drug_score"), row.number_of("consumable_score")
        mean_cost, mean_days = row.number_of("mean_cost", above=_ZERO), row.number_of("mean_days", above=_ZERO)
        grassroots = row.yes("grassroots")
        if len(row.faults) > before or layer is None:
            return None
        group = DipGroup(
            row=row.number, layer=layer, code=code, name=name, diagnoses=diagnoses, main=main, related=related,
            secondary=secondary or (), condition=condition or (), age=bounds["age"], age_days=bounds["age_days"],
            weight=bounds["weight"], kind=_kind(layer, kind, main), score=score, drug_score=drug_score,
            consumable_score=consumable_score, mean_cost=mean_cost, mean_days=mean_days, is_grassroots=grassroots,
            source=row.text("source"),
        )  # fmt: skip
        return group if _makes_sense(row, group) else None

    def _expression(self, row: Row, column: str) -> Expression:
        text = row.cells.get(column, "")
        if text not in self._expressions:
            made = self._cell(row, column, lambda cell: read_expression(cell, self.signs))
            if text and made is None:
                return ()  # a fault, to be told of every row that has it
            self._expressions[text] = made or ()
        return self._expressions[text]

    def _cell(self, row: Row, column: str, read: Callable[[str], T]) -> T | None:
        """What the cell says; None where it is blank, or unreadable, which is a fault."""
        text = row.cells.get(column, "")
        if not text:
            return None
        try:
            return read(text)
        except Unreadable as error:
            row.fault(column, str(error), *self._advice(column))
            return None

    def _advice(self, column: str) -> tuple[str, str]:
        if not column.endswith("_op"):
            return "无法读出入组条件", "请对照原目录改正"
        signs = f"“{'、'.join(self.signs.or_signs)}”表示或，“{'、'.join(self.signs.and_signs)}”表示且"
        return f"参数规定{signs}", "请改正，或在参数 operation.or_signs、and_signs 中写明本地的符号"


def _bounds(row: Row, name: str) -> Bounds:
    low, high = row.whole(f"{name}_min"), row.whole(f"{name}_max")
    if low is not None and high is not None and low > high:
        row.fault(f"{name}_min", f"下限{low}大于上限{high}", "没有病例能满足", "请核对")
    return Bounds(low, high) if low is not None or high is not None else _UNBOUNDED


_UNBOUNDED = Bounds()


def _kind(layer: Layer, kind: Kind | None, main: Expression) -> Kind | None:
    """A basic group without an operation is the conservative one, whether the catalogue says so or not."""
    return Kind.CONSERVATIVE if kind is None and layer is Layer.BASIC and not main else kind


def _makes_sense(row: Row, group: DipGroup) -> bool:
    before = len(row.faults)
    if group.related and not group.main:
        row.fault("related_op", "有相关操作而没有主要操作", "相关操作只能附于主要操作", "请把它写到 main_op")
    if group.layer is Layer.COMPREHENSIVE and group.kind is None:
        row.fault("kind", "综合病种没有治疗方式", "综合病种按诊断类目和治疗方式入组", f"请填{'、'.join(Kind)}")
    if group.main and group.kind is Kind.CONSERVATIVE:
        row.fault("kind", "保守治疗病种写了主要操作", "两者矛盾，永远不会入组", "请改正其一")
    if group.layer is not Layer.FALLBACK and "" in group.diagnoses and not _asks(group):
        row.fault("dx_patterns", "任何诊断都可入组且没有其他条件", "会收走所有病例", "请写明条件，或用 fallback 层")
    return len(row.faults) == before


def _asks(group: DipGroup) -> bool:
    """Whether the group asks for anything beside the principal diagnosis."""
    return bool(group.main or group.secondary or group.condition or group.age or group.age_days or group.weight) or (
        group.layer is Layer.COMPREHENSIVE
    )
