"""Blacklist: the days on the edge, whose line it is, several entries, and an oracle."""

from datetime import timedelta
from decimal import Decimal

import pytest

from app.domain.feed import Blacklisted
from app.domain.line import Practitioner
from app.knowledge.pack import PackError
from tests.engine.kinds import drawn, fed
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import amount, at_fault, encounter, line, missing, open_rule

KIND = "blacklist"
WORDS = {"message": "{subject}{id}（{since}，{reason}）"}
BOTH = {"subjects": ["practitioner", "facility"]}
DOCTOR = {"subject_type": "practitioner", "id": "P1", "start": "2026-03-09", "end": "2026-03-11", "reason": "记分"}
HOSPITAL = {"subject_type": "facility", "id": "F", "start": "2026-03-10", "reason": "解除协议"}


def charge(id, offset=0, doctor=""):
    fields = {"practitioner": {"id": doctor}} if doctor else {}
    return line(id, "H", drawn.DAY + timedelta(days=offset), amount="10", **fields)


def judged(*lines, listed=(), doctor="P1", **parameters):
    rows = {} if listed is None else {"blacklist": list(listed)}
    return fed.judge(KIND, parameters or BOTH, [], encounter(*lines, practitioner={"id": doctor}), rows, **WORDS)


def test_the_edges_of_the_days_and_one_finding_for_all():
    judgement = judged(*[charge(f"L{offset}", offset) for offset in (-2, -1, 0, 1, 2)], listed=[DOCTOR])
    assert at_fault(judgement) == [["L-1", "L0", "L1"]]
    assert amount(judgement) == 30
    assert [one.message for one in judgement.findings] == ["医师P1（2026-03-09起至2026-03-11，记分）"]


@pytest.mark.parametrize(
    ("own", "of_visit", "is_hit"), [("", "P1", True), ("P1", "P2", True), ("P2", "P1", False), ("P2", "P2", False)]
)
def test_the_line_s_own_practitioner_stands_over_the_visit_s(own, of_visit, is_hit):
    assert bool(judged(charge("L1", doctor=own), listed=[DOCTOR], doctor=of_visit).findings) is is_hit


def test_a_facility_without_an_end():
    judgement = judged(charge("L1", -1), charge("L2"), charge("L3", 3000), listed=[HOSPITAL])
    assert at_fault(judgement) == [["L2", "L3"]]
    assert [one.message for one in judgement.findings] == ["医疗机构F（2026-03-10起，解除协议）"]


def test_a_doctor_of_the_facility_s_number_is_another():
    assert not judged(charge("L1"), listed=[HOSPITAL | {"id": "P1"}, DOCTOR | {"id": "F"}]).findings


def test_two_entries_are_two_findings_and_a_day_counts_once():
    again = DOCTOR | {"start": "2026-03-11", "end": "2026-03-12", "reason": "再次"}
    judgement = judged(charge("L1"), charge("L2", 1), charge("L3", 2), listed=[DOCTOR, again])
    assert at_fault(judgement) == [["L1", "L2"], ["L3"]]


@pytest.mark.parametrize(
    ("subjects", "found"),
    [(["practitioner"], [["L1"]]), (["facility"], [["L1"]]), (["facility", "facility"], [["L1"]])],
)
def test_only_the_subjects_asked_for(subjects, found):
    assert at_fault(judged(charge("L1"), listed=[DOCTOR, HOSPITAL], subjects=subjects)) == found
    assert len(judged(charge("L1"), listed=[DOCTOR, HOSPITAL]).findings) == 2


@pytest.mark.parametrize(
    ("listed", "doctor", "lacking"),
    [(None, "P1", {"feed.blacklist"}), ([], "P1", set()), ([], "", {"practitioner.id"}), ([DOCTOR], "P9", set())],
)
def test_what_is_missing_is_said(listed, doctor, lacking):
    judgement = judged(charge("L1"), listed=listed, doctor=doctor)
    assert not judgement.findings
    assert set(missing(judgement)) == lacking
    assert not missing(judged(listed=listed, doctor=doctor))  # no lines, nothing to judge


def test_no_subject_and_an_unknown_one_are_refused():
    for subjects in ([], ["nurse"]):
        with pytest.raises(PackError, match="subjects"):
            open_rule(KIND, {"subjects": subjects}, [])


def expected(visit, records):
    if not visit.charge_lines:
        return [], set()
    if records is None:
        return [], {"feed.blacklist"}
    found, lacking = {}, set()
    for one in visit.charge_lines:
        doctor = one.practitioner.id or visit.practitioner.id
        if not doctor:
            lacking.add("practitioner.id")
        for kind, name in (("practitioner", doctor), ("facility", "F")):
            held = sorted(
                entry.start
                for entry in records
                if (entry.subject_type, entry.id) == (kind, name)
                and entry.start <= one.service_date <= (entry.end or one.service_date)
            )
            if held:
                found.setdefault((kind, name, held[0]), []).append(one.id)
    return [(name, tuple(lines)) for (_, name, _), lines in found.items()], lacking


def draw(random):
    doctors = ("P1", "P2", "P3")
    lines = tuple(
        drawn.line(
            number, "H", drawn.day(random), amount=Decimal(1),
            practitioner=Practitioner(id=drawn.one_of(random, "", *doctors)),
        )
        for number in range(random.randrange(4))
    )  # fmt: skip
    records = {}
    for _ in range(random.randrange(4)):
        kind = drawn.one_of(random, "practitioner", "practitioner", "facility")
        start = drawn.day(random)
        one = Blacklisted(
            subject_type=kind, id=drawn.one_of(random, *(doctors if kind == "practitioner" else "FG")), start=start,
            end=drawn.one_of(random, None, start, start + timedelta(days=1)), reason="因",
        )  # fmt: skip
        records[one.key] = one
    visit = drawn.encounter(lines, practitioner=Practitioner(id=drawn.one_of(random, "", *doctors, *doctors)))
    return visit, None if random.randrange(12) == 0 else list(records.values())


@oracle_of(KIND)
def test_the_oracle_agrees_on_many_encounters():
    fed.agree(
        open_rule(KIND, BOTH, [], **WORDS), Blacklisted, draw, expected,
        lambda finding: (finding.facts["id"], finding.lines),
    )  # fmt: skip
