"""Examples to try (示例): encounters of invented people, in the forms that are understood."""

import json
from typing import Any, NamedTuple

from app.interfaces.nhsa.example import MESSAGE_3101

_DAY = "2026-11-16"


class Example(NamedTuple):
    name: str
    title: str
    document: dict[str, Any]

    @property
    def text(self) -> str:
        return json.dumps(self.document, ensure_ascii=False, indent=2)


def _line(line_id: str, code: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"id": line_id, "item_code": code, "item_name": name, "service_date": _DAY, **fields}


def _encounter(**fields: Any) -> dict[str, Any]:
    return {
        "id": "DEMO-1",
        "facility": {"id": "DEMO-HOSPITAL", "level": "tertiary"},
        "coverage": {"insurance_type": "employee"},
        "department": "妇科",
        "practitioner": {"id": "DEMO-D1", "title": "attending"},
        "start_at": f"{_DAY}T08:30:00",
        **fields,
    }


_MAN = {"id": "DEMO-P1", "sex": "male", "birth_date": "1980-05-04"}
_CHILD = {"id": "DEMO-P2", "sex": "female", "birth_date": "2019-02-11"}
EXAMPLES: tuple[Example, ...] = (
    Example(
        "rest",
        "REST：男性患者收取限女性项目",
        {
            "stage": "settling",
            "encounter": _encounter(
                patient=_MAN,
                care_type="outpatient",
                diagnoses=[{"code": "N41.000", "name": "急性前列腺炎", "is_principal": True}],
                charge_lines=[
                    _line("L1", "003112010070000", "后穹窿穿刺术", quantity="1", amount="50.00", formulary_class="a"),
                    _line("L2", "001102000010000", "普通门诊诊查费", quantity="3", amount="30.00", formulary_class="a"),
                ],
            ),
        },
    ),
    Example(
        "inpatient",
        "REST：住院患者，床位费超过住院天数",
        {
            "stage": "settling",
            "encounter": _encounter(
                patient=_CHILD,
                care_type="inpatient",
                department="儿科",
                end_at="2026-11-19T10:00:00",
                diagnoses=[{"code": "J18.000", "name": "支气管肺炎", "is_principal": True, "use": "discharge"}],
                charge_lines=[
                    _line("L1", "001109000010000", "普通病房床位费", quantity="6", unit="日", amount="240.00"),
                    _line("L2", "001102000050000", "住院诊查费", quantity="6", unit="日", amount="90.00"),
                ],
            ),
        },
    ),
    Example(
        "message",
        "国家接口 3101：事前分析报文",
        MESSAGE_3101,
    ),
)
