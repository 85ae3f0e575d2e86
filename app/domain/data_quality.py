"""Data quality (数据质量): what is odd in an encounter. The audit goes on; the answer says what to mend."""

from collections.abc import Iterator
from datetime import date, timedelta

from app.domain.codes import is_diagnosis_code, is_national_item_code
from app.domain.encounter import Encounter
from app.domain.finding import DataIssue
from app.domain.line import Line
from app.domain.money import CENT

_SOON = timedelta(days=7)  # orders may be made for the days to come; further off is more likely a slip of the pen


_NO_LINES = DataIssue(code="no_lines", message="没有医嘱和费用明细，针对明细的规则无从判断")


def inspect(encounter: Encounter, today: date) -> tuple[DataIssue, ...]:
    """Every kind of oddity once, with all the lines that show it."""
    lines = encounter.lines
    if not lines:
        return (_NO_LINES, *_of_diagnoses(encounter, has_lines=False))
    return (*_of_lines(lines, today), *_of_diagnoses(encounter, has_lines=True))


def _of_lines(lines: tuple[Line, ...], today: date) -> Iterator[DataIssue]:
    uncoded = [line.id for line in lines if not is_national_item_code(line.item_code)]
    if uncoded:
        yield _issue("item_code_not_national", "医保目录编码为空或不是国家编码，针对具体项目的规则未能判断", uncoded)
    horizon = today + _SOON
    future = [line.id for line in lines if line.service_date > horizon]
    if future:
        yield _issue("service_date_in_future", "服务日期晚于当前日期七天以上，请核对", future)
    unequal = [line.id for line in lines if line.unit_price is not None and _differs(line)]
    if unequal:
        yield _issue("amount_differs", "金额不等于单价乘以数量，请核对", unequal)


def _differs(line: Line) -> bool:
    """Whether the amount is off by more than the rounding of a cent."""
    price, amount = line.unit_price, line.amount
    if price is None or amount is None:
        return False
    exact = price * line.quantity
    return exact != amount and abs(exact - amount) > CENT


def _of_diagnoses(encounter: Encounter, has_lines: bool) -> Iterator[DataIssue]:
    codes = [diagnosis.code for diagnosis in encounter.diagnoses]
    if not any(codes):
        if has_lines:
            yield _issue("no_diagnosis", "没有诊断编码，与诊断有关的规则未能判断", [])
    elif odd := [code for code in codes if code and not is_diagnosis_code(code)]:
        yield _issue("diagnosis_code_not_icd10", f"诊断编码不是医保版 ICD-10 编码：{'、'.join(odd[:5])}", [])


def _issue(code: str, message: str, lines: list[str]) -> DataIssue:
    return DataIssue(code=code, message=message, lines=tuple(lines))
