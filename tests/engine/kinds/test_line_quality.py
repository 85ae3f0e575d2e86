"""Lines that contradict themselves: each check on its own edges, and an oracle over drawn bills."""

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from app.domain.encounter import Encounter
from app.domain.line import ItemCategory
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, judge, line, open_rule, order

KIND = "line_quality"
WORDS = {"message": "{items}{fault}，共{count}条"}
CHECKS = ["amount", "zero", "no_amount", "no_code", "odd_code", "category", "parts"]
SERVICE, DRUG, PIECE, CONSUMABLE = "001109000010000", "XB01AXA223B002010100156", "T001700368", "C" + "0" * 19


def found(*lines, check, **parameters):
    return judge(KIND, parameters, [{"check": check, "fault": "有误"}], encounter(*lines), **WORDS)


@pytest.mark.parametrize(
    ("check", "fields", "is_hit"),
    [
        ("amount", {"unit_price": "3.33", "quantity": "3", "amount": "9.99"}, False),
        ("amount", {"unit_price": "3.333", "quantity": "3", "amount": "10"}, False),
        ("amount", {"unit_price": "3.33", "quantity": "3", "amount": "10"}, False),
        ("amount", {"unit_price": "3.33", "quantity": "3", "amount": "10.01"}, True),
        ("amount", {"unit_price": "3.33", "quantity": "3", "amount": "9.97"}, True),
        ("amount", {"amount": "9.97"}, False),
        ("zero", {"amount": "0"}, True),
        ("zero", {"unit_price": "0", "amount": "5"}, True),
        ("zero", {"amount": "0.01"}, False),
        ("zero", {}, False),
        ("no_amount", {}, True),
        ("no_amount", {"unit_price": "0"}, False),
        ("no_code", {"item_code": ""}, True),
        ("no_code", {"item_code": "", "amount": "5", "uncovered_amount": "5"}, False),
        ("no_code", {"item_code": "本地"}, False),
        ("odd_code", {"item_code": "本地"}, True),
        ("odd_code", {"item_code": SERVICE[:-1]}, True),
        ("odd_code", {"item_code": ""}, False),
        ("odd_code", {}, False),
        ("category", {"category": "drug"}, True),
        ("category", {"category": "service"}, False),
        ("category", {}, False),
        ("category", {"category": "other"}, False),
        ("category", {"item_code": PIECE, "category": "drug"}, False),
        ("category", {"item_code": PIECE, "category": "decoction_piece"}, False),
        ("category", {"item_code": DRUG, "category": "decoction_piece"}, True),
        ("category", {"item_code": CONSUMABLE, "category": "service"}, True),
        ("category", {"item_code": "本地", "category": "service"}, False),
        ("parts", {"amount": "5", "uncovered_amount": "3", "copay_amount": "2"}, False),
        ("parts", {"amount": "5", "uncovered_amount": "3", "copay_amount": "2.02"}, True),
        ("parts", {"unit_price": "5", "copay_amount": "5.02"}, True),
        ("parts", {"uncovered_amount": "3"}, False),
    ],
)
def test_on_the_edges(check, fields, is_hit):
    fields = {"item_code": SERVICE, **fields}
    judgement = found(line("a", fields.pop("item_code"), **fields), check=check)
    assert at_fault(judgement) == ([["a"]] if is_hit else [])


def test_one_finding_holds_all_lines_and_only_what_is_charged_too_much_is_at_issue():
    judgement = found(
        line("a", SERVICE, unit_price="2", quantity=2, amount="5", item_name="护理"),
        line("b", SERVICE, unit_price="2", quantity=2, amount="3", item_name="护理"),
        line("c", SERVICE, unit_price="2", quantity=2, amount="4", item_name="床位"),
        line("d", SERVICE, unit_price="2", quantity=2, amount="6.5", item_name="诊查"),
        check="amount",
    )
    assert at_fault(judgement) == [["a", "b", "d"]]
    assert amount(judgement) == Decimal("3.5")
    assert judgement.findings[0].message == "护理、诊查有误，共3条"


def test_the_tolerance_is_the_rules():
    wrong = line("a", SERVICE, unit_price="2", amount="2.05")
    assert found(wrong, check="amount").findings
    assert not found(wrong, check="amount", tolerance="0.05").findings


def test_orders_are_not_bills():
    assert not found(order("a", SERVICE), check="no_amount").findings


@pytest.mark.parametrize("columns", [{"check": "other"}, {"fault": ""}])
def test_a_point_out_of_reason_is_refused(columns):
    with pytest.raises(PackError):
        open_rule(KIND, {}, [{"check": "zero", "fault": "有误"} | columns])


def test_a_negative_tolerance_is_refused():
    with pytest.raises(PackError, match="tolerance"):
        open_rule(KIND, {"tolerance": "-1"}, [{"check": "zero", "fault": "有误"}])


GOOD = {SERVICE: ["service"], DRUG: ["drug"], PIECE: ["drug", "decoction_piece"], CONSUMABLE: ["consumable"]}


def fails(check, one):
    price, sent = one.unit_price, one.amount
    total = Fraction(sent) if sent is not None else None if price is None else Fraction(price) * Fraction(one.quantity)
    self_paid = Fraction(one.uncovered_amount or 0)
    is_claimed = not self_paid or total is None or total > self_paid
    if check == "amount":
        both = price is not None and sent is not None
        return both and abs(Fraction(sent) - Fraction(price) * Fraction(one.quantity)) > Fraction(1, 100)
    if check == "zero":
        return price == 0 or sent == 0
    if check == "no_amount":
        return total is None
    if check == "no_code":
        return one.item_code == "" and is_claimed
    if check == "odd_code":
        return one.item_code == "本地" and is_claimed
    if check == "category":
        return one.item_code in GOOD and one.category.value not in (*GOOD[one.item_code], "", "other")
    paid = self_paid + Fraction(one.copay_amount or 0)
    return total is not None and paid > total + Fraction(1, 100)


def expected(visit):
    groups = [tuple(one.id for one in visit.charge_lines if fails(check, one)) for check in CHECKS]
    return [group for group in groups if group], set()


def draw(random: Random) -> Encounter:
    def money(*values):
        value = random.choice(values)
        return None if value is None else Decimal(value)

    lines = []
    for number in range(random.randrange(3)):
        lines.append(
            drawn.line(
                number,
                random.choice([SERVICE, DRUG, PIECE, CONSUMABLE, SERVICE, DRUG, "", "本地"]),
                quantity=Decimal(random.choice(["1", "3"])),
                category=random.choice([*ItemCategory, ItemCategory.UNKNOWN, ItemCategory.UNKNOWN]),
                unit_price=money("3.33", "10", "10", None, "0"),
                amount=money("9.99", "10", "10", "30", "30.02", "30.01", "10.01", None),
                uncovered_amount=money(None, None, "0", "10", "5"),
                copay_amount=money(None, None, "0", "5", "5.02", "5.01"),
            )
        )
    return drawn.encounter(tuple(lines), start_at=drawn.NOON)


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    points = [{"check": check, "fault": check} for check in CHECKS]
    drawn.agree(open_rule(KIND, {}, points, **WORDS), draw, expected)
