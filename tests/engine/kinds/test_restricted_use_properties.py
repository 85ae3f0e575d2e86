"""Restricted use, against an oracle: every column's verdict by its definition, any columns together."""

from datetime import date, timedelta
from functools import partial
from random import Random

from app.domain.case import Case
from app.domain.encounter import (
    CareType,
    Coverage,
    Diagnosis,
    Encounter,
    Facility,
    FacilityLevel,
    InsuranceType,
    Patient,
    Pregnancy,
    Sex,
)
from app.domain.line import ChargeLine, Practitioner
from tests.engine.kinds import agreement
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import DAY, open_rule

ITEM = "XB01AXA223B002010100156"
HOLDS, BROKEN, UNKNOWN = "holds", "broken", "unknown"

# What the oracle needs to know of each diagnosis code, said by hand: is it ICD-10, and which patterns is it within?
DIAGNOSES = {
    "I63.900": (True, {"I63*", "I60-I64"}),
    "I64.x00": (True, {"I60-I64"}),
    "I65.000": (True, set()),
    "K63.100": (True, set()),
    "I63.9 待查": (False, {"I63*", "I60-I64"}),
    "BY0001": (False, set()),
    "": (False, set()),
}
CHOICES = {
    "sex": ["male", "female"],
    "min_age": ["3", "18"],
    "max_age": ["18", "65"],
    "max_age_days": ["0", "28"],
    "diagnoses": ["I63*", "I60-I64"],
    "excluded_diagnoses": ["I63*", "I60-I64"],
    "insurance_types": ["employee", "employee|resident"],
    "care_types": ["inpatient", "inpatient|day_case"],
    "excluded_care_types": ["internet", "internet|inpatient"],
    "facility_levels": ["tertiary", "secondary|primary"],
    "departments": ["0301", "0301|0302"],
    "practitioner_titles": ["chief", "chief|attending"],
    "excluded_pregnancy": ["pregnant", "pregnant|lactating"],
}
READ = {
    "sex": "patient.sex",
    "min_age": "patient.birth_date",
    "max_age": "patient.birth_date",
    "max_age_days": "patient.birth_date",
    "diagnoses": "diagnoses",
    "excluded_diagnoses": "diagnoses",
    "insurance_types": "coverage.insurance_type",
    "care_types": "care_type",
    "excluded_care_types": "care_type",
    "facility_levels": "facility.level",
    "departments": "department",
    "practitioner_titles": "practitioner.title",
    "excluded_pregnancy": "patient.pregnancy",
}
FACTS = {
    "sex": ["", "male", "female"],
    "insurance_type": ["", "employee", "resident", "other"],
    "care_type": ["", "inpatient", "day_case", "internet"],
    "level": ["", "tertiary", "secondary", "primary"],
    "department": ["", "0301", "0302", "030"],
    "line_department": ["", "0301", "0303"],
    "title": ["", "chief", "attending", "nurse"],
    "pregnancy": ["", "none", "pregnant", "lactating"],
}


def birthday(born_on, age):
    """The day on which an age is reached."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return date(born_on.year + age, 3, 1)


def birth_date(random):
    """Unknown, or near an age that a point may ask for or that bears no child, a day before or after it."""
    age = random.choice([None, 0, 3, 4, 10, 18, 19, 61, 65, 66])
    if age is None:
        return None
    near = DAY.replace(year=DAY.year - age) + timedelta(days=random.choice([-29, -28, -1, 0, 1]))
    return min(near, DAY)


def member(value, cell):
    return UNKNOWN if not value else HOLDS if value in cell.split("|") else BROKEN


def not_member(value, cell):
    return {HOLDS: BROKEN, BROKEN: HOLDS, UNKNOWN: UNKNOWN}[member(value, cell)]


def verdict(column, cell, fact):
    """What the definition says of one column of a point."""
    born_on, codes = fact["birth_date"], fact["diagnoses"]
    if column in ("min_age", "max_age", "max_age_days"):
        if born_on is None:
            return UNKNOWN
        if column == "max_age_days":
            return HOLDS if born_on + timedelta(days=int(cell)) >= DAY else BROKEN
        if column == "min_age":
            return HOLDS if birthday(born_on, int(cell)) <= DAY else BROKEN
        return HOLDS if birthday(born_on, int(cell) + 1) > DAY else BROKEN
    if column in ("diagnoses", "excluded_diagnoses"):
        matching = [code for code in codes if cell in DIAGNOSES[code][1]]
        if column == "diagnoses" and matching:
            return HOLDS
        if column == "excluded_diagnoses" and any(DIAGNOSES[code][0] for code in matching):
            return BROKEN
        if not codes or not all(DIAGNOSES[code][0] for code in codes):
            return UNKNOWN
        return BROKEN if column == "diagnoses" else HOLDS
    if column == "excluded_pregnancy":
        bears_no_child = born_on is not None and not birthday(born_on, 10) <= DAY < birthday(born_on, 61)
        cannot_be = not fact["pregnancy"] and (fact["sex"] == "male" or bears_no_child)
        return HOLDS if cannot_be else not_member(fact["pregnancy"], cell)
    if column == "excluded_care_types":
        return not_member(fact["care_type"], cell)
    read = {
        "sex": fact["sex"],
        "insurance_types": fact["insurance_type"],
        "care_types": fact["care_type"],
        "facility_levels": fact["level"],
        "departments": fact["line_department"] or fact["department"],
        "practitioner_titles": fact["title"],
    }
    return member(read[column], cell)


def drawn_cells(random):
    columns = random.sample(sorted(CHOICES), random.randint(1, 4))
    return {column: random.choice(CHOICES[column]) for column in columns}


def draw(random):
    fact = {name: random.choice(values) for name, values in FACTS.items()}
    codes = random.choices(sorted(DIAGNOSES), k=random.randint(0, 3))
    return ({**fact, "birth_date": birth_date(random), "diagnoses": codes},)


def case_of(fact):
    one = ChargeLine(
        id="L1",
        item_code=ITEM,
        service_date=DAY,
        department=fact["line_department"],
        practitioner=Practitioner(title=fact["title"]),
    )
    return Case(
        Encounter(
            id="E",
            patient=Patient(
                id="P", sex=Sex(fact["sex"]), pregnancy=Pregnancy(fact["pregnancy"]), birth_date=fact["birth_date"]
            ),
            coverage=Coverage(insurance_type=InsuranceType(fact["insurance_type"])),
            facility=Facility(id="F", level=FacilityLevel(fact["level"])),
            care_type=CareType(fact["care_type"]),
            department=fact["department"],
            diagnoses=tuple(Diagnosis(code=code) for code in fact["diagnoses"]),
            charge_lines=(one,),
        )
    )


def expected(cells, fact):
    """How many conditions are broken; where none is, one of those that cannot be judged is told."""
    verdicts = {column: verdict(column, cell, fact) for column, cell in cells.items()}
    broken = [column for column, found in verdicts.items() if found == BROKEN]
    if broken:
        both_ages = {"min_age", "max_age"} <= set(broken)  # the two ages are one condition
        return [len(broken) - both_ages], {}
    unknown = {READ[column] for column, found in verdicts.items() if found == UNKNOWN}
    return [], lambda missing: len(missing) == bool(unknown) and set(missing) <= unknown


@oracle_of("restricted_use")
def test_as_the_definition_says():
    random = Random(20260310)
    columns = [drawn_cells(random) for _ in range(500)]
    variants = [
        (open_rule("restricted_use", {}, [{"item_code": ITEM, **cells}]), partial(expected, cells)) for cells in columns
    ]
    agreement.agree(variants, draw, case_of, lambda finding: len(finding.facts["broken"].split("；")))
