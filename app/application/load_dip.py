"""Load a DIP catalogue (装载病种目录): read its folder, compile it, and say what in it is doubtful."""

from pathlib import Path

from msgspec import Struct

from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_overlaps import overlaps
from app.knowledge.dip_files import read_dip_folder


class DipCheck(Struct, frozen=True, kw_only=True):
    """What a check of a folder gives. `warnings` are sentences in Chinese; the catalogue works in spite of them."""

    catalogue: DipCatalogue
    warnings: tuple[str, ...]


def load_dip(folder: Path) -> DipCatalogue:
    """The catalogue in the folder, ready to group. Raises BadCatalogue with every fault of every file."""
    return DipCatalogue(read_dip_folder(folder))


def check_dip(folder: Path) -> DipCheck:
    """The catalogue and what is doubtful in it, as for an import. Raises BadCatalogue with every fault."""
    catalogue = load_dip(folder)
    warnings = [f"{found.layer}层：{found.message}" for found in overlaps(catalogue)]
    blank = [code for code, group in catalogue.groups.items() if group.score is None]
    if blank:
        codes = "、".join(blank[:5])
        warnings.append(f"{len(blank)}个病种没有分值（{codes}{'等' if len(blank) > 5 else ''}），入组后没有支付标准")
    params = catalogue.params
    if not catalogue.operations.exact and not catalogue.operations.prefixes and params.conservative.by == "kind":
        warnings.append("没有 operations.csv：除无手术操作的病例外，不能判断保守治疗和综合病种")
    if params.pricing.fallback_factor is None and any(stage.layers == ("fallback",) for stage in catalogue.stages):
        warnings.append("有保底病种但没有参数 pricing.fallback_factor：保底病种按普通分值计算")
    return DipCheck(catalogue=catalogue, warnings=tuple(warnings))
