"""The invented hospital (虚构医院): campuses, departments, physicians and staff. Nobody of them exists."""

from typing import NamedTuple

from app.store.reviews import Department, StaffMember

FACILITY = "H33010199901"
NAME = "示范市第一人民医院（虚构）"
MAIN, EAST = "本部", "东院区"


class Ward(NamedTuple):
    """A department: what its patients mostly have, and how large a share of all visits it sees."""

    code: str
    name: str
    campus: str
    share: int
    diagnoses: tuple[tuple[str, str], ...]
    stays: float  # share of its visits that are stays
    sex: str = ""
    ages: tuple[int, int] = (18, 88)


WARDS: tuple[Ward, ...] = (
    Ward("D01", "心血管内科", MAIN, 12, (("I10.x00", "特发性高血压"), ("I25.103", "冠状动脉粥样硬化性心脏病")), 0.2),
    Ward("D02", "呼吸内科", MAIN, 10, (("J18.900", "肺炎"), ("J44.900", "慢性阻塞性肺病")), 0.25),
    Ward("D03", "消化内科", MAIN, 10, (("K29.500", "慢性胃炎"), ("K25.900", "胃溃疡")), 0.15),
    Ward("D04", "内分泌科", MAIN, 9, (("E11.900", "2型糖尿病"), ("E05.900", "甲状腺功能亢进症")), 0.12),
    Ward("D05", "神经内科", MAIN, 8, (("I63.900", "脑梗死"), ("G45.900", "短暂性脑缺血发作")), 0.3),
    Ward("D06", "普通外科", MAIN, 8, (("K80.200", "胆囊结石"), ("K35.800", "急性阑尾炎")), 0.4),
    Ward("D07", "骨科", MAIN, 9, (("M51.202", "腰椎间盘突出"), ("S82.800", "小腿骨折")), 0.35),
    Ward("D08", "泌尿外科", MAIN, 5, (("N20.000", "肾结石"), ("N40.x00", "前列腺增生")), 0.3, "male"),
    Ward("D09", "妇产科", EAST, 8, (("N76.000", "急性阴道炎"), ("N73.900", "盆腔炎性疾病")), 0.25, "female", (20, 55)),
    Ward("D10", "儿科", EAST, 8, (("J06.900", "急性上呼吸道感染"), ("J20.900", "急性支气管炎")), 0.2, "", (1, 13)),
    Ward("D11", "肿瘤科", EAST, 4, (("C34.900", "肺恶性肿瘤"), ("C50.900", "乳腺恶性肿瘤")), 0.5),
    Ward("D12", "中医科", EAST, 5, (("M54.500", "下背痛"), ("K59.000", "便秘")), 0.08),
    Ward("D13", "康复医学科", EAST, 4, (("I69.300", "脑梗死后遗症"), ("M75.000", "肩周炎")), 0.3),
)

_SURNAMES = "林何许沈姚钟傅邹熊孟秦江史顾侯"
_GIVEN = ("之初", "若谷", "望舒", "行知", "听澜", "怀瑾", "清和", "砚秋", "知微", "向晚")
_TITLES = ("chief", "associate_chief", "attending", "attending", "resident", "resident")


class Physician(NamedTuple):
    code: str
    name: str
    title: str
    ward: str


def physicians() -> list[Physician]:
    """Six in each department; the first of them leads it."""
    found = []
    for at, ward in enumerate(WARDS):
        for number, title in enumerate(_TITLES):
            name = _SURNAMES[(at * 6 + number) % len(_SURNAMES)] + _GIVEN[(at * 7 + number * 3) % len(_GIVEN)]
            found.append(Physician(f"D{at * 6 + number + 1:04}", name, title, ward.code))
    return found


PHYSICIANS = physicians()
HEADS = {one.ward: one for one in reversed(PHYSICIANS)}


def departments() -> list[Department]:
    return [
        Department(facility=FACILITY, code=one.code, name=one.name, campus=one.campus, head=HEADS[one.code].code)
        for one in WARDS
    ]


def staff() -> list[StaffMember]:
    return [
        StaffMember(facility=FACILITY, code=one.code, name=one.name, department=one.ward, title=one.title)
        for one in PHYSICIANS
    ]
