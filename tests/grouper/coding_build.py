"""Cases for the detectors of coding faults, on the project's own scheme and evidence tables."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from app.application.load_scheme import load_scheme
from app.domain.encounter import FacilityLevel, Sex
from app.domain.payment import PaymentFacts
from app.domain.stay import Stay
from app.grouper.coding import check_coding
from app.grouper.coding_case import CodingCase, Item, Past, RecordText
from app.knowledge.coding_files import read_coding

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "rules" / "grouping" / "evidence"
BED = Item(
    id="bed", item_code="001109000010000", item_name="床位费", amount=Decimal(400), service_date=date(2026, 3, 1)
)


@cache
def knowledge():
    return read_coding(EVIDENCE)


@cache
def starter():
    return load_scheme(ROOT / "rules" / "grouping" / "starter")


def item(code, name="", amount=100, day=1, **more):
    return Item(
        id=more.pop("id", f"{code}-{day}"),
        item_code=code,
        item_name=name,
        amount=None if amount is None else Decimal(amount),
        service_date=None if day is None else date(2026, 3, day),
        **more,
    )


def stay(*diagnoses, procedures=(), **fields):
    given = {
        "sex": Sex.MALE,
        "age_years": 60,
        "stay_days": 8,
        "discharge_disposition": "1",
        "total_amount": Decimal(9000),
    }
    return Stay(diagnoses=diagnoses, procedures=tuple(procedures), **{**given, **fields})


def case(*diagnoses, items=(BED,), texts=None, procedures=(), more=None, **fields):
    """A case of which all that is commonly known is known; `more` are fields of the case, the rest of the stay."""
    texts = None if texts is None else tuple(RecordText(text=one) for one in texts)
    given = {"start_date": date(2026, 3, 1), "end_date": date(2026, 3, 9), "history": ()} | (more or {})
    return CodingCase(
        stay=stay(*diagnoses, procedures=procedures, **fields),
        payment_facts=given.pop("payment_facts", PaymentFacts(facility_level=FacilityLevel.TERTIARY)),
        items=None if items is None else tuple(items),
        texts=texts,
        **given,
    )


def past(*diagnoses, start, end, kind, amount=8000, **fields):
    made = stay(*diagnoses, total_amount=None if amount is None else Decimal(amount), **fields)
    return Past(stay=made, care_type=kind, start_date=start, end_date=end)


def check(made, scheme=None, payment="latest", tables=None, only=None):
    scheme = scheme or starter()
    parameters = (scheme.payments[-1] if scheme.payments else None) if payment == "latest" else payment
    return check_coding(scheme, made, tables or knowledge(), parameters, only)


def found(report):
    return {one.id for one in report.findings}


def one(report, name):
    made = [finding for finding in report.findings if finding.id == name]
    assert len(made) == 1, (name, found(report), report.not_evaluated)
    return made[0]


def unknown(report, rule):
    return {one.missing for one in report.not_evaluated if one.rule == rule}


def with_parameters(name, **changed):
    tables = knowledge()
    return replace(tables, parameters={**tables.parameters, name: replace(tables.parameters[name], **changed)})


def steps(report):
    return [(driver.step, driver.codes, driver.with_it.drg, driver.without.outcome.drg) for driver in report.drivers]


OXYGEN = item("001203000010000", "氧气吸入")
LOCAL = item("", "自定义项目", id="local")
CHEST = item("002101020000000", "胸部X线摄影", 100)
