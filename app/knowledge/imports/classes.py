"""Classes (规则类别): the classes of the national list that an import knows, and which of them a file or a row is of.

Names and numbers are those of the 2025 edition; codes are those of framework 1.0, for classes that have one.
"""

from dataclasses import dataclass
from types import MappingProxyType

from app.knowledge.imports.cells import fold, plain
from app.knowledge.imports.columns import Row
from app.knowledge.imports.faults import BadTable


@dataclass(frozen=True, slots=True)
class RuleClass:
    """`about` is what its codes are of; "" where they may be anything. `condition` names how its rows are read."""

    seq: int
    code: str
    name: str
    about: str
    condition: str


_LISTED = """
1 GZ10000101001000 药品限工伤保险 drug work_injury
2 GZ10000101002000 药品限生育保险 drug maternity
3 GZ10000101003000 中药饮片单复方均不予支付 piece nothing
4 GZ10000101004000 中药饮片单方使用不予支付 piece nothing
5 GZ10000101005000 药品限二线使用 drug first_line
6 GZ10000101006000 药品限新生儿使用 drug newborn
7 GZ10000101007000 药品限儿童使用 drug children
8 GZ10000101008000 药品限适应症 drug diagnoses
9 - 药品限最大开药天数/开药量 drug days
10 GZ10000101010000 药品限支付疗程 drug course
12 GZ10000101012000 药品限医疗机构级别 drug level
13 - 药品限就医方式 drug care
14 GZ10000102001000 医疗服务项目超限定单价收费 service price
15 GZ10000102002000 手术项目未按规定折价收费 service discount
16 GZ10000102003000 医疗服务项目限工伤保险 service work_injury
17 GZ10000102004000 医疗服务项目限生育保险 service maternity
18 GZ10000102005000 医疗服务项目限新生儿使用 service newborn
19 GZ10000102006000 医疗服务项目限儿童使用 service children
20 GZ10000102007000 医疗服务项目限适应症 service diagnoses
22 GZ10000102009000 医疗服务项目限就医方式 service care
23 GZ10000102010000 医疗服务项目限支付疗程 service yearly_course
24 GZ10000102011000 医疗服务项目限医疗机构级别 service level
25 GZ10000102012000 医疗服务项目重复收费 service pair
26 GZ10000102013000 医疗服务项目分解收费 service bundle
27 GZ10000102014000 医疗服务项目限定频次 service often
28 GZ10000102015000 医疗服务项目超限定报销总额 service total
29 - 医疗服务项目限年龄 service age
30 - 医疗服务项目与医用耗材重复收费 - pair
31 - 医疗服务项目周期超频次 service period
32 GZ10000103001000 耗材限新生儿使用 consumable newborn
33 GZ10000103002000 耗材限儿童使用 consumable children
34 GZ10000103003000 耗材超限定报销总额 consumable total
36 GZ10000201002000 结算明细信息异常 - companion
47 - 超互联网医院药品支付范围 drug internet
64 GZ10000301001000 药品与医疗服务项目不符 drug companion
65 GZ10000301002000 药品儿童专用 drug children
66 GZ10000301003000 药品儿童禁用 drug forbidden_age
67 GZ10000301004000 药品区分性别使用 drug sex
69 GZ10000301006000 重复开药 drug drug_class
70 GZ10000301007000 超说明书适应症用药 drug diagnoses
71 GZ10000301008000 药品禁忌症 drug excluded_diagnoses
72 GZ10000301009000 老年人用药安全 drug age
74 GZ10000301011000 药品相互作用 drug pair
75 GZ10000301012000 中药饮片配伍禁忌 - pair
79 GZ10000302002000 无指征治疗 service companion
80 GZ10000302003000 医疗服务项目儿童专用 service children
81 GZ10000302004000 医疗服务项目区分性别使用 service sex
82 GZ10000302005000 医疗服务项目禁忌症 service excluded_diagnoses
83 GZ10000302006000 医疗服务项目超适应症使用 service diagnoses
84 GZ10000303001000 医用耗材与医疗服务项目不符 consumable companion
86 GZ10000303003000 医用耗材数量超标 consumable often
87 - 医用耗材与性别不符 consumable sex
88 - 医用耗材限疾病使用 consumable diagnoses
"""


def _listed() -> dict[int, RuleClass]:
    found = {}
    for line in _LISTED.strip().splitlines():
        seq, code, name, about, condition = line.split()
        found[int(seq)] = RuleClass(int(seq), code.strip("-"), name, about.strip("-"), condition)
    return found


CLASSES = MappingProxyType(_listed())
_BY_ABOUT = {  # what a row is about, by the sort of thing its code is of
    "sex": {"drug": 67, "service": 81, "consumable": 87},
    "newborn": {"drug": 6, "service": 80, "consumable": 32},
    "children": {"drug": 65, "service": 80, "consumable": 33},
    "age": {"service": 29},
    "forbidden_age": {"drug": 66},
    "work_injury": {"drug": 1, "service": 16},
    "maternity": {"drug": 2, "service": 17},
    "care": {"drug": 13, "service": 22},
    "level": {"drug": 12, "service": 24},
    "discount": {"service": 15},
    "course": {"drug": 10, "service": 23},
    "total": {"service": 28, "consumable": 34},
    "period": {"service": 31},
    "often": {"service": 27, "consumable": 86},
    "days": {"drug": 9},
    "price": {"service": 14},
    "drug_class": {"drug": 69},
    "companion": {"drug": 64, "consumable": 84, "service": 79},
    "pair": {"service": 25, "drug": 74, "piece": 75, "consumable": 30},
    "bundle": {"service": 26},
}
_KINDS = {  # words of the column 限定类型
    "性别": "sex",
    "年龄": "age",
    "保险": "insurance",
    "险种": "insurance",
    "就医方式": "care",
    "机构等级": "level",
    "机构级别": "level",
    "主次": "discount",
}
_COLUMNS = (  # a column that alone tells what a list is about; the first that a row fills
    ("panel_code", "bundle"),
    ("part_code", "bundle"),
    ("other_code", "pair"),
    ("companion_code", "companion"),
    ("drug_class", "drug_class"),
    ("group", "discount"),
    ("period", "period"),
    ("price", "price"),
    ("sex", "sex"),
    ("insurance", "insurance"),
    ("level", "level"),
    ("care", "care"),
    ("age", "age"),
    ("course", "course"),
    ("total", "total"),
    ("limit", "often"),
)


def class_for(sort: str, about: str) -> int | None:
    """The class of rows of this sort about this kind of code."""
    return _BY_ABOUT.get(sort, {}).get(about)


def class_of_title(title: str) -> int | None:
    """The class that a file name, a sheet name or a title row names; the longest name wins."""
    folded = fold(title)
    named = [one for one in CLASSES.values() if fold(one.name) in folded]
    return max(named, key=lambda one: len(one.name)).seq if named else None


def class_of_argument(written: str) -> int:
    """`--class`: a number, a national code or a name. Raises BadTable for one that is not known."""
    said = plain(written).strip()
    for one in CLASSES.values():
        if said in (str(one.seq), one.name, one.code):
            return one.seq
    known = "、".join(f"{one.seq} {one.name}" for one in CLASSES.values())
    raise BadTable(f"没有可导入的规则类别“{written}”；可导入的有：{known}")


def class_of_row(row: Row, about: str) -> int | None:
    """The class that the row's own columns tell, None where they do not."""
    kind = row.get("kind")
    sort = next((sort for word, sort in _KINDS.items() if word in kind), "") or next(
        (sort for role, sort in _COLUMNS if row.get(role)), ""
    )
    value = plain(row.get("value") or row.get("insurance") or row.get("age"))
    if sort == "insurance":
        sort = "work_injury" if "工伤" in value else "maternity" if "生育" in value else ""
    elif sort == "age":
        sort = _age_sort(value)
        if sort == "children" and about == "drug" and row.get("note").startswith("限"):
            return 7  # the formulary's note says 限; a leaflet never does
    elif sort == "often" and about == "drug":
        sort = "days"
    return class_for(sort, about)


def _age_sort(value: str) -> str:
    if "禁" in value:
        return "forbidden_age"
    if "新生儿" in value:
        return "newborn"
    return "children" if any(word in value for word in ("儿童", "婴", "幼儿", "小儿", "未成年")) else "age"
