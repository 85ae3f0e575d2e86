"""What a query over reviews should find (对照实现): said once more in plain Python, over a list."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from app.domain.access import Scope
from app.domain.decision import Severity, Stage
from app.domain.disposition import Action
from app.domain.encounter import CareType, InsuranceType
from app.domain.review import Review, ReviewState
from app.store.review_codes import SEVERITIES
from app.store.reviews import Order, ReviewFilter, Sorting
from tests.store.reviewing import later, review

PLACES = [("F1", "东院", "内科"), ("F1", "东院", "外科"), ("F1", "西院", "内科"), ("F2", "", "内科"), ("F2", "", "")]
DOCTORS, RULES, PEOPLE = ["D1", "D2", "D3", ""], ["a-rule", "b-rule", "c-rule"], ["", "u1", "u2"]
_VALUES: dict[str, tuple[str, list[Any]]] = {
    "facilities": ("facility", ["F1", "F2", "F3"]),
    "campuses": ("campus", ["东院", "西院", ""]),
    "departments": ("department", ["内科", "外科", ""]),
    "practitioners": ("practitioner", DOCTORS),
    "patient_keys": ("patient_key", ["k1", "k2"]),
    "encounters": ("encounter", ["E1", "E2", "E3"]),
    "rules": ("rule", RULES),
    "rule_classes": ("rule_class", ["类一", "类二", ""]),
    "categories": ("category", ["超限定用药", "重复收费"]),
    "severities": ("severity", list(Severity)),
    "stages": ("stage", list(Stage)),
    "states": ("state", list(ReviewState)),
    "insurance_types": ("insurance_type", list(InsuranceType)),
    "care_types": ("care_type", list(CareType)),
    "assignees": ("assignee", PEOPLE),
}


def drawn_reviews(random: Random, count: int) -> list[Review]:
    found = []
    for number in range(count):
        facility, campus, department = random.choice(PLACES)
        found.append(
            review(
                f"{number:032x}", facility=facility, campus=campus, department=department,
                doctor_answer=random.choice([None, *Action]), is_trial=random.random() < 0.1,
                first_found_at=later(random.choice([0, 0.5, 1, 30, 31, 40, 200, 400])),
                amount_cents=random.choice([None, 0, 1, 500, 500, 12_345, 10**12]),
                deadline=random.choice([None, date(2026, 3, 9), date(2026, 4, 1), date(2027, 1, 1)]),
                refund_cents=random.choice([None, 0, 300]),
                **{field: random.choice(values) for field, values in _VALUES.values()
                   if field not in ("facility", "campus", "department")},
            )
        )  # fmt: skip
    return found


def drawn_filter(random: Random, most: int = 3) -> ReviewFilter:
    given: dict[str, Any] = {"is_trial": random.choice([None, False, False, True])}
    extra: dict[str, Callable[[], Any]] = {
        "found_from": lambda: later(random.choice([0, 0.7, 31])),
        "found_before": lambda: later(random.choice([0.5, 31, 400])),
        "amount_from": lambda: random.choice([0, 1, 500]),
        "amount_to": lambda: random.choice([0, 500, 20_000]),
        "deadline_from": lambda: date(2026, 3, 10),
        "deadline_to": lambda: date(2026, 4, 1),
        "answers": lambda: tuple(random.sample(list(Action), 2)),
        "has_answer": lambda: random.choice([True, False]),
    }
    for name in random.sample([*_VALUES, *extra], random.randint(0, most)):
        if name in extra:
            given[name] = extra[name]()
        else:
            values = _VALUES[name][1]
            given[name] = tuple(random.sample(values, random.randint(1, len(values) - 1)))
    return ReviewFilter(**given)


def covers(scope: Scope, one: Review) -> bool:
    return scope.covers(one.facility, one.campus, one.department, one.practitioner)


def fits(wanted: ReviewFilter, one: Review) -> bool:
    amount, deadline = one.amount_cents, one.deadline
    has_amount_range = wanted.amount_from is not None or wanted.amount_to is not None
    has_deadline_range = wanted.deadline_from is not None or wanted.deadline_to is not None
    return (
        all(getattr(one, field) in some for name, (field, _) in _VALUES.items() if (some := getattr(wanted, name)))
        and (not wanted.answers or one.doctor_answer in wanted.answers)
        and (wanted.has_answer is None or (one.doctor_answer is not None) == wanted.has_answer)
        and (wanted.is_trial is None or one.is_trial == wanted.is_trial)
        and (wanted.found_from is None or one.first_found_at >= wanted.found_from)
        and (wanted.found_before is None or one.first_found_at < wanted.found_before)
        and (not has_amount_range or amount is not None)
        and (wanted.amount_from is None or (amount is not None and amount >= wanted.amount_from))
        and (wanted.amount_to is None or (amount is not None and amount <= wanted.amount_to))
        and (not has_deadline_range or deadline is not None)
        and (wanted.deadline_from is None or (deadline is not None and deadline >= wanted.deadline_from))
        and (wanted.deadline_to is None or (deadline is not None and deadline <= wanted.deadline_to))
    )


def in_order(reviews: list[Review], order: Order) -> list[Review]:
    """`reviews` come in the order in which they were stored, which parts those that are alike otherwise."""
    keys: dict[Sorting, Callable[[Review], Any]] = {
        Sorting.TIME: lambda one: one.first_found_at,
        Sorting.AMOUNT: lambda one: -1 if one.amount_cents is None else one.amount_cents,
        Sorting.DEADLINE: lambda one: one.deadline or date.max,
        Sorting.SEVERITY: lambda one: (SEVERITIES.of(one.severity), one.first_found_at),
    }
    placed = list(enumerate(reviews))
    placed.sort(key=lambda told: (keys[order.by](told[1]), told[0]), reverse=order.is_descending)
    return [one for _, one in placed]


def day_in_china(one: Review) -> date:
    return (one.first_found_at + timedelta(hours=8)).date()
