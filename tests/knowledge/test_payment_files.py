"""Payment files: what is read, and what is wrong with a folder as a whole."""

import json
from datetime import date
from decimal import Decimal

from app.domain.encounter import FacilityLevel
from app.domain.settlement_checks import cautions_of
from app.knowledge.payment_files import convert_parameters, decode_parameters, read_payment, scheme_on
from tests.knowledge.payment_folder import CITY, faults, folder, without


def test_a_folder_is_read(tmp_path):
    (scheme,) = read_payment(folder(tmp_path))
    assert scheme.parameters.rate == Decimal("9575.25")
    assert scheme.parameters.coefficients.levels == {
        FacilityLevel.TERTIARY: Decimal("1.05"),
        "secondary": Decimal("0.92"),
    }
    assert scheme.weights["ES33"].at(FacilityLevel.SECONDARY) == Decimal("0.6")
    assert scheme.weights["IU25"].at(FacilityLevel.SECONDARY) is None
    assert scheme.weights["AA19"].at(FacilityLevel.TERTIARY) is None
    assert scheme.weights["IU2Z"].attributes == ("非基础组", "中医优势病组")


def test_a_folder_without_payment_has_none(tmp_path):
    assert read_payment(tmp_path) == ()


def test_numbers_keep_their_digits_however_they_are_written():
    for rate in ("9575.25", Decimal("9575.25")):
        assert convert_parameters({**CITY, "rate": rate}).rate == Decimal("9575.25")
    (found,) = decode_parameters(json.dumps({**CITY, "rate": 9575.1}).encode())
    assert str(found.rate) == "9575.1"
    (found,) = decode_parameters(json.dumps({**CITY, "rate": 9575}).encode("utf-8-sig"))
    assert found.rate == 9575


def test_periods_are_found_by_day(tmp_path):
    documents = [
        {**CITY, "year": 2026, "weights": "weights-2026.csv"},
        CITY,
        {**{k: v for k, v in CITY.items() if k != "year"}, "start": "2027-02-01"},
    ]
    schemes = read_payment(folder(tmp_path, documents, **{"weights-2026": "drg,weight\nES33,0.7\n"}))
    assert scheme_on(schemes, date(2025, 12, 31)).weights["ES33"].at(FacilityLevel.TERTIARY) == Decimal("0.6866")
    assert scheme_on(schemes, date(2026, 1, 1)).weights["ES33"].at(FacilityLevel.PRIMARY) == Decimal("0.7")
    assert scheme_on(schemes, date(2027, 1, 31)) is None
    assert scheme_on(schemes, date(2099, 1, 1)) is schemes[2]


def test_all_faults_are_told_at_once(tmp_path):
    told = faults(tmp_path, {**CITY, "rate": "0", "low": {"at": "2"}, "thresholds": ["1", "1"]})
    assert [one.split(" ")[1] for one in told] == ["rate", "low.at", "thresholds"]
    told = faults(tmp_path, [{**CITY, "rate": "0"}, {**CITY, "year": 2026, "method": "x"}])
    assert [one.partition(":")[0] for one in told] == ["payment.json period 1", "payment.json period 2"]


def test_a_period_may_be_days():
    made = convert_parameters(without("year", start="2025-03-01", end="2025-03-31"))
    assert (made.in_force.start, made.in_force.end) == (date(2025, 3, 1), date(2025, 3, 31))
    assert convert_parameters(without("year", start="2025-03-01")).in_force.end == date.max


def test_periods_that_overlap_are_told(tmp_path):
    told = faults(tmp_path, [CITY, {**without("year"), "start": "2025-12-31"}])
    assert "the period from 2025-12-31 overlaps the one from 2025-01-01 to 2025-12-31" in told[0]
    told = faults(tmp_path, [CITY, {**CITY, "year": 2026, "id": "town"}])
    assert "id is 'city' and 'town'" in told[0]


def test_limits_of_the_table_need_a_way_to_be_paid(tmp_path):
    table = "drg,weight,low_limit,high_limit\nES33,1,9,99\n"
    (told,) = faults(tmp_path, without("high"), table)
    assert "weights.csv gives ES33 a high_limit, but high is missing here; add high" in told
    (told,) = faults(tmp_path, {**CITY, "limits": {"ES33": {"low": "8"}}}, table)
    assert "limits.ES33.low stands in weights.csv too; keep one of the two" in told


def test_what_is_beyond_the_national_frame_is_a_caution():
    made = convert_parameters({**CITY, "special_review": {"quota": {"tertiary": "50"}}, "deposit_share": "0.05"})
    assert cautions_of(made) == []
    made = convert_parameters({**CITY, "special_review": {"quota": {"tertiary": "51"}}, "deposit_share": "0.06"})
    assert len(cautions_of(made)) == 2
    made = convert_parameters({**CITY, "special_review": {"quota": {"tertiary": "6"}, "quota_unit": "percent"}})
    assert "三级医疗机构特病单议限额6%" in cautions_of(made)[0]
