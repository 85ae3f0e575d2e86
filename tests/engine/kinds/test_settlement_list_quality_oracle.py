"""Settlement lists by the thousand: all checks at once beside an oracle that reads each list anew."""

from datetime import date, datetime, time, timedelta
from random import Random

from app.domain.encounter import CareType, Diagnosis, DiagnosisUse, Encounter, Procedure
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import open_rule

KIND = "settlement_list_quality"
WORDS = {"message": "结算清单：{detail}"}
POINTS = [
    {"check": "field", "field": "patient.birth_date"},
    {"check": "newborn_weight"},
    {"check": "principal_diagnosis"},
    {"check": "principal_procedure"},
    {"check": "diagnosis_code"},
    {"check": "procedure_code"},
    {"check": "diagnosis_repeated"},
    {"check": "procedure_repeated"},
    {"check": "not_principal", "diagnoses": "W00-W19"},
    {"check": "uncoded_operation", "item_code": "003310*"},
    {"check": "procedure_date"},
]
ODD_DISEASES, ODD_OPERATIONS = ("", "本地"), ("", "47")


def expected(visit):
    if visit.care_type is CareType.OUTPATIENT:
        return [], set()
    hits, lacking = 0, set()
    final = [one for one in visit.diagnoses if one.use is not DiagnosisUse.ADMISSION]
    operations, born = list(visit.procedures), visit.patient.birth_date
    hits += born is None
    if visit.patient.newborn_weight_grams is None:
        if born is None:
            lacking.add("patient.birth_date")
        elif timedelta(0) <= visit.start_at.date() - born <= timedelta(28):
            hits += 1
    for group in (final, operations):
        hits += bool(group) and len([one for one in group if one.is_principal]) != 1
    hits += any(one.code in ODD_DISEASES for one in final)
    hits += any(one.code in ODD_OPERATIONS for one in operations)
    hits += any(
        one.code and one.code == other.code and one.use is other.use
        for number, one in enumerate(final) for other in final[:number]
    )  # fmt: skip
    hits += any(
        one.code and (one.code, one.performed_date) == (other.code, other.performed_date)
        for number, one in enumerate(operations) for other in operations[:number]
    )  # fmt: skip
    marked = [one for one in final if one.is_principal] or final
    if len(marked) == 1:
        hits += "W00" <= marked[0].code[:3] <= "W19"
    elif any("W00" <= one.code[:3] <= "W19" for one in visit.diagnoses):
        lacking.add("diagnoses.is_principal")
    outside = [
        (one.code, one.performed_date)
        for one in operations
        if one.performed_date and not visit.start_at.date() <= one.performed_date <= visit.end_at.date()
    ]
    hits += len(set(outside))
    charged = tuple(one.id for one in visit.charge_lines if one.item_code.startswith("003310"))
    lines = [charged] if charged and not any(one.code for one in operations) else []
    return [() for _ in range(hits)] + lines, lacking


def draw(random: Random) -> Encounter:
    tidy = random.random() < 0.3  # else hardly any list would be without a fault
    diseases = (
        ["I10.x00"] if tidy else random.choices(["I10.x00", "W19.900", "W20.900", "本地", ""], k=random.randrange(4))
    )
    operations = random.choices(["47.0100", "47", ""], [4, 1, 1], k=0 if tidy else random.randrange(3))
    births = [date(2000, 1, 1)] if tidy else [None, date(2026, 2, 10), date(2026, 2, 9), date(2026, 3, 11)]
    return drawn.encounter(
        tuple(
            drawn.line(number, drawn.one_of(random, "003310030220000", "001109000010000", "001109000010000"))
            for number in range(0 if tidy else random.randrange(3))
        ),
        {"birth_date": random.choice(births), "newborn_weight_grams": drawn.one_of(random, None, 3200)},
        diagnoses=tuple(
            Diagnosis(code=code, is_principal=tidy or random.random() < 0.4,
                      use=DiagnosisUse.DISCHARGE if tidy else random.choice(list(DiagnosisUse)))
            for code in diseases
        ),
        procedures=tuple(
            Procedure(code=code, is_principal=random.random() < 0.5,
                      performed_date=random.choice([None, *(drawn.DAY + timedelta(days=n) for n in (-1, 0, 2, 3))]))
            for code in operations
        ),
        care_type=drawn.one_of(random, CareType.INPATIENT, CareType.DAY_CASE, CareType.OUTPATIENT),
        start_at=drawn.NOON,
        end_at=datetime.combine(drawn.DAY + timedelta(days=2), time(9)),
    )  # fmt: skip


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    drawn.agree(open_rule(KIND, {}, POINTS, **WORDS), draw, expected)
