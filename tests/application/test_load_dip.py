"""Loading DIP catalogues: the starter that is shipped, the published examples, warnings, and how long it takes."""

import csv
import random
import time
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from app.application.load_dip import check_dip, load_dip
from app.grouper.dip import group_dip
from app.grouper.dip_payment import Deviation
from app.grouper.dip_price import price_dip
from app.grouper.dip_result import DipStatus
from app.knowledge.dip_faults import BadCatalogue
from app.knowledge.dip_records import Status
from tests.grouper.dip_build import stay
from tests.knowledge.dip_folder import GOOD, write

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "rules" / "grouping" / "dip-starter"
EXAMPLES = ROOT.parent / "shared" / "data" / "drg" / "dip_spec_examples.csv"
BASE = Decimal(9173)  # the mean cost of the benchmark group that the starter's metadata names


@pytest.fixture(scope="module")
def starter():
    return load_dip(STARTER)


def test_the_starter_is_not_for_settlement_and_every_group_has_a_source(starter):
    assert starter.meta.status is Status.NOT_FOR_SETTLEMENT
    assert "9173" in starter.meta.base
    assert 35 <= len(starter.groups) <= 45
    assert all(group.source for group in starter.groups.values())
    assert "不得用于结算" in group_dip(starter, stay("K35.900")).notes[-1]


def test_the_starters_scores_follow_from_the_published_means(starter):
    scored = [group for group in starter.groups.values() if group.score is not None]
    assert len(scored) == 5
    for group in starter.groups.values():
        assert (group.score is None) == (group.mean_cost is None)
    for group in scored:
        assert group.score == (group.mean_cost * 1000 / BASE).quantize(Decimal("0.0001"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("principal", "operations", "others", "fields", "code"),
    [
        ("K35.900", [], [], {}, "K35.9"),
        ("K35.900", ["47.0901"], [], {}, "K35.9-47.0901"),
        ("K35.900", ["47.0100"], [], {}, "K35.9-47.0100"),
        ("K35.300", ["47.0901"], [], {}, "K35.3-47.0901"),
        ("I21.000", ["36.0700", "88.5600"], [], {}, "I21.0-DES"),
        ("I21.000", ["36.0700", "00.2400x001"], [], {}, "I21.0-DES-IVUS"),
        ("C34.100", ["32.3001", "32.2001"], [], {}, "C34.1-32.3001-32.2001"),
        ("Z51.100", ["99.2503"], ["C34.100"], {}, "Z51.1-SOLID-C"),
        ("Z51.100", ["99.2503", "99.2800x005"], ["C91.000"], {}, "Z51.1-LEUK-CI"),
        ("Z51.100", ["99.2503", "99.2800x006", "99.2800x005"], ["C50.900"], {}, "Z51.1-SOLID-CTI"),
        ("P07.200", ["96.0400"], [], {"age_days": 1, "weight_grams": 740}, "AI1"),
        ("P07.300", [], [], {"age_days": 28, "weight_grams": 2499}, "AI5"),
        ("I42.000", ["37.5100"], [], {}, "AA2"),
        ("C54.100", ["68.4901"], [], {}, "C54-S"),
        ("D18.013", ["39.7903"], [], {}, "D18.0-EMBOL"),
        ("I20.000", ["36.0700"], [], {}, "I20-DES"),
        ("J18.900", ["87.4400"], [], {}, "J18.9"),
    ],
)
def test_the_starter_groups_the_published_examples(starter, principal, operations, others, fields, code):
    answer = group_dip(starter, stay(principal, operations, others, **fields), explain=True)
    assert answer.code == code, answer
    assert not answer.undecided
    assert answer.trace


def test_the_starter_sends_back_what_may_not_be_principal(starter):
    for code in ("T31.200", "B95.600", "V99.x00", "W19.900", "Z37.000"):
        assert group_dip(starter, stay(code)).status is DipStatus.RETURNED


def test_the_starter_prices_a_stay_and_leaves_the_unscored_without_a_standard(starter):
    grouping = group_dip(starter, stay("K35.900", ["47.0100"]))
    paid = price_dip(grouping, starter, Decimal(12000), Decimal(9))
    assert paid.official_amount == Decimal("13132.56")  # 1,459.1736 x 9
    unscored = price_dip(group_dip(starter, stay("J18.900")), starter, Decimal(5000), Decimal(9))
    assert (unscored.deviation, unscored.official_amount) == (Deviation.NONE, None)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples are not beside this repository")
def test_every_published_example_with_a_code_is_in_the_starter(starter):
    names = {"药物洗脱冠状动脉支架置入": "36.0700", "冠状动脉血管内超声": "00.2400"}
    with EXAMPLES.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kept_as_group"] == "yes"]
    assert len(rows) > 25
    for row in rows:
        operations = [
            names.get(code, code).split("|")[0]
            for code in (row["main_op"], row["related_op"], names.get(row["related_op_name"], ""))
            if code
        ]
        principal = "I50.900" if row["main_dx"] == "*" else row["main_dx"] + "00"
        chemo = row["main_dx"] == "Z51.1"
        fields = {"others": ["C34.100"]} if chemo else {}
        if row["main_dx"] == "P07":
            grams = {"AI1": 700, "AI2": 900, "AI3": 1200, "AI4": 1700, "AI5": 2200}[row["other_condition"][:3]]
            fields, principal = {"age_days": 3, "weight_grams": grams}, "P07.300"
        principal = principal if "." in principal else f"{row['main_dx']}.900"
        answer = group_dip(starter, stay(principal, ["99.2503"] if chemo else operations, **fields))
        assert answer.status is DipStatus.GROUPED, row
        assert row["main_dx"] == "*" or answer.code.startswith(row["main_dx"]) or answer.code.startswith("AI"), row
        if row["avg_cost"]:
            assert starter.groups[answer.code].mean_cost == Decimal(row["avg_cost"])


def test_a_bad_folder_is_refused_and_a_doubtful_one_is_warned_of(tmp_path):
    with pytest.raises(BadCatalogue):
        load_dip(tmp_path)
    twice = GOOD["groups.csv"] + "basic,K35.9-P,阑尾切除术,K35.9,47.0901,54.1100,,,,,,,,1000,9173,yes\n"
    twice += "fallback,KBBZ,空白病组,*,,,,,,,,,,500,,\n"
    warnings = check_dip(write(tmp_path, groups_csv=twice)).warnings
    assert any(warning.startswith("basic层：诊断K35.9的病种K35.9-O、K35.9-P可能同时收入") for warning in warnings)
    assert any("2个病种没有分值（AI1、C54-S）" in warning for warning in warnings)
    assert any("pricing.fallback_factor" in warning for warning in warnings)
    without = check_dip(write(tmp_path, groups_csv=twice.replace("K35.9-P,阑尾切除术,K35.9", "K35.9-P,x,K35.8")))
    assert not any("可能同时收入" in warning for warning in without.warnings)


def large(folder, groups):
    """A folder of so many groups, and the stays that fall into them."""
    pick = random.Random(7)
    operations = [f"{one:02d}.{two:02d}00" for one in range(1, 100) for two in range(100)]
    lines, stays = [GOOD["groups.csv"].splitlines()[0]], []
    for number in range(groups):
        diagnosis = f"{chr(65 + number // 6 % 26)}{number // 156 % 100:02d}.{number % 7}"
        operation = pick.choice(operations) if number % 3 else ""
        score = pick.randint(100, 9000)
        lines.append(f"basic,G{number},病种{number},{diagnosis},{operation},,,,,,,,,{score},{score * 9},")
        case = [operation, *pick.sample(operations, number % 3)] if operation else []
        others = tuple(f"E{code}.900" for code in range(10, 10 + number % 9))
        stays.append(stay(f"{diagnosis}00", case, others, age_years=50, stay_days=7))
    kinds = "code,kind\n" + "".join(f"{code},{'surgery' if code < '80' else 'treatment'}\n" for code in operations)
    unused = dict.fromkeys(("aux_csv", "op_exclusion_csv", "hospital_coef_csv", "params_csv"))
    write(folder, groups_csv="\n".join(lines) + "\n", operations_csv=kinds, **unused)
    return stays


def test_a_large_catalogue_loads_and_groups_quickly(tmp_path):
    """The limits are wide, for busy machines: what is aimed at is 1 s for 12,000 groups and 20 µs a stay."""
    stays = large(tmp_path, 12_000)
    started = time.perf_counter()
    made = load_dip(tmp_path)
    assert time.perf_counter() - started < 4
    grouped = [group_dip(made, case) for case in stays[:4000]]
    assert sum(one.status is DipStatus.GROUPED for one in grouped) > 3000
    took = []
    for _ in range(3):
        started = time.perf_counter()
        for case in stays[:4000]:
            group_dip(made, case)
        took.append(time.perf_counter() - started)
    assert min(took) / 4000 < 100e-6
