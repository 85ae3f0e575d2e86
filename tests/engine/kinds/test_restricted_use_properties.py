"""Restricted use, against an oracle: every column's verdict by its definition, any columns together."""

from datetime import date, timedelta
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from app.domain.case import Case
from tests.engine.kinds.build import DAY, encounter, line, missing, open_rule

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


@st.composite
def birth_dates(draw):
    """Unknown, or near an age that a point may ask for, a day before or after it."""
    age = draw(st.sampled_from([None, 0, 3, 4, 18, 19, 65, 66]))
    if age is None:
        return None
    near = DAY.replace(year=DAY.year - age) + timedelta(days=draw(st.sampled_from([-29, -28, -1, 0, 1])))
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
    if column.startswith("excluded_"):
        return not_member(fact["pregnancy" if column == "excluded_pregnancy" else "care_type"], cell)
    read = {
        "sex": fact["sex"],
        "insurance_types": fact["insurance_type"],
        "care_types": fact["care_type"],
        "facility_levels": fact["level"],
        "departments": fact["line_department"] or fact["department"],
        "practitioner_titles": fact["title"],
    }
    return member(read[column], cell)


@cache
def ruleset(cells):
    return open_rule("restricted_use", {}, [{"item_code": ITEM, **dict(cells)}])


@given(
    cells=st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=4, unique=True).flatmap(
        lambda columns: st.fixed_dictionaries({column: st.sampled_from(CHOICES[column]) for column in sorted(columns)})
    ),
    fact=st.fixed_dictionaries(
        {
            **{name: st.sampled_from(values) for name, values in FACTS.items()},
            "birth_date": birth_dates(),
            "diagnoses": st.lists(st.sampled_from(sorted(DIAGNOSES)), max_size=3),
        }
    ),
)
def test_as_the_definition_says(cells, fact):
    born_on = fact["birth_date"]
    stay = encounter(
        line("L1", ITEM, department=fact["line_department"], practitioner={"title": fact["title"]}),
        patient={
            "sex": fact["sex"],
            "pregnancy": fact["pregnancy"],
            **({"birth_date": born_on.isoformat()} if born_on else {}),
        },
        coverage={"insurance_type": fact["insurance_type"]},
        facility={"level": fact["level"]},
        care_type=fact["care_type"],
        department=fact["department"],
        diagnoses=[{"code": code} for code in fact["diagnoses"]],
    )
    judgement = ruleset(tuple(cells.items())).audit(Case(stay))
    verdicts = {column: verdict(column, cell, fact) for column, cell in cells.items()}
    broken = [column for column, found in verdicts.items() if found == BROKEN]
    assert bool(judgement.findings) is bool(broken)
    assert bool(missing(judgement)) is (not broken and UNKNOWN in verdicts.values())
    if broken:
        told = judgement.findings[0].facts["broken"].split("；")
        assert len(told) == len(broken) - ({"min_age", "max_age"} <= set(broken))  # the two ages are one condition
