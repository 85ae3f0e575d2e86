"""Check before grouping (信息校验): what a stay must tell, and what mends it where it does not."""

from app.domain.stay import Stay
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.scheme import Scheme

NEWBORN_DAYS = 28

NO_SEX = "患者性别缺失或无效：须为男（1）或女（2），请核对病案首页性别"
NO_AGE = "患者年龄缺失或无效：请补填年龄（岁）"
NO_AGE_DAYS = "不足1周岁患者的日龄缺失或无效：请补填年龄天数"
NO_WEIGHT = "新生儿（日龄28天及以内）的体重缺失或无效：请补填出生体重或入院体重（克）"
NO_DIAGNOSIS = "诊断信息为空：请至少填写主要诊断"


def complaints_of(stay: Stay) -> tuple[str, ...]:
    """Everything that keeps the stay from being grouped at all, in Chinese; () where nothing does."""
    found = []
    if not stay.sex:
        found.append(NO_SEX)
    if stay.age_years is None:
        found.append(NO_AGE)
    elif stay.age_years == 0:
        if stay.age_days is None:
            found.append(NO_AGE_DAYS)
        elif stay.age_days <= NEWBORN_DAYS and stay.weight_grams is None:
            found.append(NO_WEIGHT)
    if not stay.diagnoses:
        found.append(NO_DIAGNOSIS)
    return tuple(found)


def failed(scheme: Scheme, status: GroupingStatus, complaints: tuple[str, ...]) -> Grouping:
    """The answer for a stay that was not grouped, for want of facts or of codes that the scheme knows."""
    mdc, adrg, drg = scheme.header.manifest.failed_check
    return Grouping(status=status, mdc=mdc, adrg=adrg, drg=drg, complaints=complaints)
