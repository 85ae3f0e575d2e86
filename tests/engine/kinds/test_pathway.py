"""Clinical pathways: near misses one by one, and the judgement against every disease that an unknown code may be."""

from functools import partial
from itertools import product
from random import Random
from typing import Any

import pytest

from app.domain.decision import Stage
from app.domain.encounter import Encounter
from app.knowledge.pack import PackError
from tests.engine.kinds import agreement, compared, oracle
from tests.engine.kinds.agreement import oracle_of
from tests.engine.kinds.build import at_fault, encounter, judge, line, missing, open_rule

KIND = "pathway"
POINT = {
    "item_code": "XJ01DD*",
    "pathway": "急性单纯性阑尾炎",
    "diagnoses": "K35-K37",
    "procedures": "47.0*",
    "unless_diagnoses": "K65*|J18.900",
    "alternative": "第二代头孢菌素",
}
OPERATED = ["47.0100"]


def outcome(
    codes: list[str], procedures: list[str], code: str = "XJ01DDA", columns: dict[str, str] | None = None
) -> tuple[list[list[str]], dict[str, list[str]]]:
    """The lines at fault, and what is missing; `columns` override those of the point."""
    judged = encounter(
        line("a", code), diagnoses=[{"code": one} for one in codes], procedures=[{"code": one} for one in procedures]
    )
    found = judge(KIND, {}, [POINT | (columns or {})], judged)
    return at_fault(found), missing(found)


HIT: Any = ([["a"]], {})
CLEAN: Any = ([], {})
UNKNOWN: Any = ([], {"diagnoses": ["a"]})


@pytest.mark.parametrize(
    ("codes", "procedures", "expected"),
    [
        (["K35.800"], OPERATED, HIT),
        (["I10.x00", "K37.x00"], OPERATED, HIT),
        (["K34.000"], OPERATED, CLEAN),
        (["K38.000"], OPERATED, CLEAN),
        (["K35.800", "K65.000"], OPERATED, CLEAN),
        (["K35.800", "J18.900"], OPERATED, CLEAN),
        (["K35.800", "J18.901"], OPERATED, HIT),
        (["K35.800"], ["47.1100"], CLEAN),
        (["K35.800"], ["51.2300", "47.0901"], HIT),
        (["K35.800"], [], CLEAN),
        ([], OPERATED, UNKNOWN),
        ([], [], CLEAN),
        (["本地阑尾炎"], OPERATED, UNKNOWN),
        ([""], OPERATED, UNKNOWN),
        (["I10.x00", "本地阑尾炎"], OPERATED, UNKNOWN),
        (["K35.800", "本地肺炎"], OPERATED, UNKNOWN),
        (["K35.800", "K65.000", "本地肺炎"], OPERATED, CLEAN),
    ],
)
def test_near_misses(codes: list[str], procedures: list[str], expected: Any) -> None:
    assert outcome(codes, procedures) == expected


def test_only_the_items_of_the_point() -> None:
    assert outcome(["K35.800"], OPERATED, "XJ01DCA") == CLEAN


def test_blank_columns_ask_for_nothing() -> None:
    assert outcome(["K35.800", "K65.000", "本地肺炎"], [], columns={"procedures": "", "unless_diagnoses": ""}) == HIT


@pytest.mark.parametrize(("name", "told"), [("", "K35.800"), ("急性阑尾炎", "急性阑尾炎（K35.800）")])
def test_the_words_of_a_finding(name: str, told: str) -> None:
    judged = encounter(
        line("a", "XJ01DDA"),
        diagnoses=[{"code": "I10.x00"}, {"code": "K35.800", "name": name}],
        procedures=[{"code": "47.0100"}],
    )
    (found,) = judge(KIND, {}, [POINT], judged, message="{diagnosis}按{pathway}应用{alternative}").findings
    assert found.message == f"{told}按急性单纯性阑尾炎应用第二代头孢菌素"


@pytest.mark.parametrize("column", ["diagnoses", "pathway", "item_code"])
def test_a_column_that_must_be_filled(column: str) -> None:
    with pytest.raises(PackError, match=f"missing required field `{column}`"):
        open_rule(KIND, {}, [POINT | {column: ""}])


def is_wrong(codes: tuple[str, ...], procedures: list[str], point: dict[str, str]) -> bool:
    """The definition, for an encounter whose diagnoses are all known."""
    return (
        any(oracle.matches(point["diagnoses"], code) for code in codes)
        and not any(oracle.matches(point["unless_diagnoses"], code) for code in codes)
        and (not point["procedures"] or any(oracle.matches(point["procedures"], code) for code in procedures))
    )


LOCAL = ["本地阑尾炎", "", "12345"]
KNOWN = ["K34.900", "K35.800", "K37.x00", "K38.000", "K65.000", "J18.900", "J18.901", "I10.x00"]
MAY_BE = ["K35.800", "J18.900", "I10.x00"]  # the three things that an unknown diagnosis can be to the point


def expected(columns: dict[str, str], judged: Encounter, _history: None, _stage: Stage) -> agreement.Told:
    """Judged only where every possible disease agrees."""
    codes, procedures = [one.code for one in judged.diagnoses], [one.code for one in judged.procedures]
    unknown = [code for code in codes if code in LOCAL] or ([] if codes else [""])
    known = tuple(code for code in codes if code not in LOCAL)
    answers = {
        is_wrong((*known, *guess), procedures, POINT | columns) for guess in product(MAY_BE, repeat=len(unknown))
    }
    lines = [one for one in judged.charge_lines if one.item_code.startswith("XJ01DD")]
    if len(answers) == 2 and lines:
        return [], {"diagnoses": {one.id for one in lines}}
    return [oracle.finding([one], [], oracle.claimed(one)) for one in lines if answers == {True}], {}


@oracle_of(KIND)
def test_judged_only_where_every_possible_disease_agrees() -> None:
    def draw(random: Random) -> compared.Drawn:
        judged = compared.visit(
            diagnoses=compared.diseases(random, KNOWN + LOCAL, 4),
            procedures=compared.procedures(random, ["47.0100", "47.1100", "46.9900"]),
            charge_lines=compared.charges(random, ["XJ01DDA", "XJ01DDB", "XJ01DCA"], 2),
        )
        return judged, None, Stage.ORDERING

    variants = [
        (open_rule(KIND, {}, [POINT | columns]), partial(expected, columns))
        for columns in (
            {"procedures": done, "unless_diagnoses": unless}
            for done in ("47.0*", "")
            for unless in ("K65*|J18.900", "")
        )
    ]
    compared.agree_each(variants, draw)
