"""What is read from notes, and what must not be."""

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.codes import CodeSet
from app.engine.kinds.quantity_limit import Point as LimitPoint
from app.engine.kinds.restricted_use import Point
from app.knowledge.payment_note import SpanKind, parse
from app.knowledge.payment_note.mapping import to_quantity_limits, to_restricted_use
from app.knowledge.payment_note.note import Coverage
from app.knowledge.payment_note.text import normalise, number
from tests.knowledge.payment_note.notes import NOTES, Note

PIECES = [note.text for note in NOTES] + list("限患者的或和、，；。：()（）1.2除外不予支付非无等１４天岁以上 \n①X")


def _limits(text: str) -> str:
    told = []
    for limit in to_quantity_limits(parse(text)):
        window = f" in {limit['window_days']}" if "window_days" in limit else ""
        told.append(f"{limit['measure']}/{limit['per']} {limit['limit']}{window}")
    return "; ".join(told)


def test_there_are_enough_notes_and_none_twice() -> None:
    assert len({note.text for note in NOTES}) == len(NOTES) >= 120


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.text)
def test_a_note_gives_what_it_says_and_no_more(note: Note) -> None:
    parsed = parse(note.text)
    columns = to_restricted_use(parsed)
    diagnoses = CodeSet(tuple(columns.pop("diagnoses", "").split("|")) if "diagnoses" in columns else ())
    assert " ".join(f"{name}={cell}" for name, cell in columns.items()) == note.columns
    assert _limits(note.text) == note.limits
    assert parsed.coverage == note.coverage
    assert parsed.needs_review == (note.coverage != "full")
    assert bool(diagnoses) == bool(note.codes)
    for code in note.codes.split():
        assert (code.removeprefix("!") in diagnoses) != code.startswith("!"), code


@pytest.mark.parametrize("note", NOTES, ids=lambda note: note.text)
def test_the_columns_are_columns_of_the_kinds(note: Note) -> None:
    cells: dict[str, object] = {
        name: cell.split("|") if name.endswith("s") and name != "max_age_days" else cell
        for name, cell in to_restricted_use(parse(note.text)).items()
    }
    msgspec.convert({"point": "P", "item_code": ["*"], **cells}, Point, strict=False)
    for limit in to_quantity_limits(parse(note.text)):
        rest = {name: cell for name, cell in limit.items() if name not in ("measure", "per")}
        msgspec.convert({"point": "P", "item_code": ["*"], **rest}, LimitPoint, strict=False)


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("限二线用药。", SpanKind.LINE, ["二线用药"]),
        ("限既往接受含铂化疗治疗失败的宫颈癌患者。", SpanKind.LINE, ["既往", "接受", "治疗失败"]),
        ("限既往接受含铂化疗治疗失败的宫颈癌患者。", SpanKind.THERAPY, ["含铂化疗"]),
        ("限中重度特应性皮炎患者的二线用药。", SpanKind.SEVERITY, ["中重度"]),
        ("限轻-中度急性血栓性脑梗死", SpanKind.SEVERITY, ["轻-中度"]),
        ("限冠心病所致左心功能不全Ⅱ-Ⅲ级的患者", SpanKind.SEVERITY, ["Ⅱ-Ⅲ级"]),
        ("限晚期非小细胞肺癌患者。", SpanKind.STAGE, ["晚期"]),
        ("限联合氟维司群用于乳腺癌患者", SpanKind.COMBINATION, ["联合"]),
        ("限ROS1阳性的非小细胞肺癌", SpanKind.EVIDENCE, ["ROS1", "阳性"]),
        ("限PD-L1表达阳性(CPS≥1)的宫颈癌患者", SpanKind.EVIDENCE, ["PD-L1", "表达阳性", "CPS≥1"]),
        ("限急性缺血性脑卒中患者在发作48小时内开始使用", SpanKind.TIMING, ["在发作48小时内开始使用"]),
        ("限转移性乳腺癌的辅助治疗", SpanKind.PURPOSE, ["辅助治疗"]),
        (
            "首次处方时需由二级及以上医疗机构专科医师开具处方",
            SpanKind.PRESCRIBER,
            ["首次处方时需由二级及以上医疗机构专科医师开具处方"],
        ),
        ("每周最多支付一次。", SpanKind.FREQUENCY, ["每周最多支付一次"]),
        ("（人社部发〔2016〕23号）", SpanKind.CITATION, ["（人社部发〔2016〕23号）"]),
        ("限急救、抢救", SpanKind.CARE_TYPE, ["急救", "抢救"]),
    ],
)
def test_what_no_claim_tells_is_kept_as_read(text: str, kind: SpanKind, words: list[str]) -> None:
    assert [span.text for span in parse(text).of(kind)] == words


@pytest.mark.parametrize(
    ("text", "disease"),
    [
        ("限非小细胞肺癌患者", "非小细胞肺癌"),
        ("限小细胞肺癌患者", "小细胞肺癌"),
        ("限非霍奇金淋巴瘤", "非霍奇金淋巴瘤"),
        ("限急性冠脉综合征的介入", "急性冠脉综合征"),
        ("限Ⅱ型糖尿病", "Ⅱ型糖尿病"),
        ("限假性甲状旁腺功能低下", "假性甲状旁腺功能低下"),
    ],
)
def test_the_longest_name_of_a_disease_is_read(text: str, disease: str) -> None:
    assert [span.text for span in parse(text).of(SpanKind.DIAGNOSIS)] == [disease]


@pytest.mark.parametrize("text", ["限非糖尿病患者", "限抗高血压", "类高血压", "疑哮喘"])
def test_a_name_after_a_denying_character_is_not_that_disease(text: str) -> None:
    assert parse(text).of(SpanKind.DIAGNOSIS) == ()
    assert parse(text).needs_review


@pytest.mark.parametrize(
    "text", ["限恶性肿瘤患者（肺癌除外）", "无肺癌", "肺癌患者不予支付", "肺癌患者禁用", "不支付肺癌"]
)
def test_a_disease_turned_away_is_not_asked_for(text: str) -> None:
    turned_away = [span.text for clause in parse(text).clauses for span in clause.spans if span.negated]
    assert turned_away == ["肺癌"]
    cells = to_restricted_use(parse(text)).get("diagnoses", "")
    assert "C34*" not in cells.split("|")


@pytest.mark.parametrize(
    ("text", "age"),
    [("12岁以上", 12), ("12岁及以上", 12), ("≥12岁", 12), ("１２岁以上", 12), ("年龄大于12岁", 12), ("18月龄以上", 1)],
)
def test_lower_bounds_include_the_number(text: str, age: int) -> None:
    assert to_restricted_use(parse(f"限{text}患者")) == {"min_age": str(age)}


def test_numbered_items_are_alternatives_and_those_that_must_all_hold_are_not() -> None:
    note = parse("限：1.胃癌；2.肺癌。应同时符合以下条件：1.成人；2.二级及以上医疗机构。")
    assert [clause.role for clause in note.clauses] == ["alternative", "alternative", "common", "common"]
    columns = to_restricted_use(note)
    assert (columns["min_age"], columns["facility_levels"]) == ("18", "tertiary|secondary")
    assert {"C16*", "C34*"} <= set(columns["diagnoses"].split("|"))


def test_an_alternative_without_a_condition_leaves_its_column_open() -> None:
    assert "min_age" not in to_restricted_use(parse("限：1.成人胃癌；2.肺癌。"))
    assert "diagnoses" not in to_restricted_use(parse("限：1.胃癌；2.二线用药。"))


@pytest.mark.parametrize("value", [("十", 10), ("十二", 12), ("二十", 20), ("二十一", 21), ("一百", 100), ("14", 14)])
def test_numbers(value: tuple[str, int]) -> None:
    assert number(value[0]) == value[1]


texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=8).map("".join))


@settings(max_examples=400, deadline=None)
@example("１４天\u3000㈠①Ⅱ\ud800")
@given(texts)
def test_any_text_is_read_whole_and_the_same_each_time(text: str) -> None:
    parsed = parse(text)
    assert "".join(span.text for span in parsed.spans) == text
    assert all(text[span.start : span.end] == span.text != "" for span in parsed.spans)
    assert [span.start for span in parsed.spans[1:]] == [span.end for span in parsed.spans[:-1]]
    assert parsed == parse(text)
    to_restricted_use(parsed)
    to_quantity_limits(parsed)
    assert len(normalise(text)) == len(text)


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from("丗鱻龘"))
def test_a_word_that_nobody_knows_is_told(text: str, unknown: str) -> None:
    parsed = parse(f"限{unknown}{text}")
    assert any(unknown in one for one in parsed.remainder)
    assert parsed.needs_review
    assert parsed.coverage is not Coverage.FULL


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NOTES))
def test_a_part_that_is_not_understood_takes_away_but_adds_nothing(note: Note) -> None:
    columns = to_restricted_use(parse(f"限：1.{note.text.replace('1.', '').replace('2.', '')}；2.丗鱻。"))
    assert "diagnoses" not in columns
    assert "sex" not in columns
