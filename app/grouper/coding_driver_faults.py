"""Drivers in doubt (决定分组的诊断缺少依据或被否定): A2 no trace in what was charged, A3 denied in the record."""

from collections.abc import Iterator

from msgspec.structs import replace

from app.grouper.coding_case import Driver, Fact, FactKind, Found, Unknown, Variant
from app.grouper.coding_text import Measured, Mention, Told, measurements, mentions
from app.grouper.coding_workup import Workup, absence
from app.knowledge.coding_records import ContradictionRow, EvidenceRow


def without_evidence(work: Workup) -> Iterator[Found | Unknown]:
    """A2. A driver of no evidence row cannot be judged; one trace of its disease is enough to let it pass."""
    for driver in work.sole_drivers:
        rows = _rows(work, driver)
        if not rows:
            yield Unknown("evidence", f"{'、'.join(driver.codes)}没有依据清单，请人工核对")
            continue
        sought = [work.seek(row) for row in rows]
        if any(one.facts for one in sought):
            continue
        if unknown := next((one.unknown for one in sought if one.unknown is not None), None):
            yield unknown
            continue
        evidence = "、".join(dict.fromkeys(row.evidence for row in rows))
        yield Found(
            point=rows[0].point,
            codes=driver.codes,
            words=words_of(work, driver) | {"evidence": evidence},
            evidence_for=(
                driver_fact(work, driver),
                *[absence(row.evidence, len(work.items), row.point) for row in rows],
            ),
            variants=(recorded_variant(work, driver), *_behind(work, driver)),
            needs_review=any(not row.is_reviewed for row in rows),
        )


def _rows(work: Workup, driver: Driver) -> list[EvidenceRow]:
    """A row for each code of the driver, each row once; [] where a code has none."""
    found: dict[str, EvidenceRow] = {}
    for code in driver.codes:
        row = next((row for row in work.knowledge.evidence if code in row.diagnoses), None)
        if row is None:
            return []
        found[row.point] = row
    return list(found.values())


def _behind(work: Workup, driver: Driver) -> list[Variant]:
    """What the stay would be if those that carry the next level were without evidence as well."""
    found = []
    for one in work.drivers:
        if one.step == 2 and (rows := _rows(work, one)):
            sought = [work.seek(row) for row in rows]
            if not any(each.facts or each.unknown for each in sought):
                gone = (*[code for first in work.sole_drivers for code in first.codes], *one.codes)
                change = f"再去掉同样未见依据的{'、'.join(one.codes)}"
                found.append(work.regroup.variant(change, _without(work, gone)))
    return found if len(work.sole_drivers) == 1 and driver.step == 1 else []


def _without(work: Workup, gone: tuple[str, ...]) -> tuple[str, ...]:
    return (work.principal, *[code for code in work.stay.diagnoses[1:] if code not in gone])


def contradicted(work: Workup) -> Iterator[Found | Unknown]:
    """A3. Denied at least once or measured normal, and nowhere affirmed nor measured abnormal."""
    for driver in work.sole_drivers:
        rows = [row for row in work.knowledge.contradictions if any(code in row.diagnoses for code in driver.codes)]
        if not rows:
            continue
        if not work.texts:
            yield Unknown("texts", "没有病历文书，无法核对是否有相反的记载")
            return
        if (made := _denied(work, driver, rows)) is not None:
            yield made


def _denied(work: Workup, driver: Driver, rows: list[ContradictionRow]) -> Found | None:
    against: list[Fact] = []
    for row in rows:
        told = list(mentions(work.texts, row.terms))
        measured = measurements(work.texts, row.measure, row.unit) if row.measure else []
        normal = [one for one in measured if _is_normal(one, row)]
        if len(normal) < len(measured) or any(one.mention is Mention.AFFIRMED for one in told):
            return None
        against += [_text_fact(one, row) for one in told if one.mention is Mention.DENIED]
        against += [_text_fact(one, row) for one in normal]
    if not against:
        return None
    sought = [work.seek(row) for row in _rows(work, driver)]
    traces = tuple([fact for one in sought for fact in one.facts])
    return Found(
        point=rows[0].point,
        codes=driver.codes,
        words=words_of(work, driver),
        evidence_for=(driver_fact(work, driver), *dict.fromkeys(against)),
        evidence_against=traces,
        variants=(recorded_variant(work, driver),),
        raises=("收费明细中也没有相应的诊疗",) if sought and not traces and work.items else (),
        lowers=("收费明细中有相应的诊疗",) if traces else (),
        needs_review=any(not row.is_reviewed for row in rows),
    )


def _is_normal(one: Measured, row: ContradictionRow) -> bool:
    low, high = row.normal_min, row.normal_max
    return (low is None or one.value >= low) and (high is None or one.value <= high)


def _text_fact(one: Told | Measured, row: ContradictionRow) -> Fact:
    said = "否定" if isinstance(one, Told) else "测值在参考范围内"
    return Fact(kind=FactKind.TEXT, text=f"病历文书{said}：“{one.quote}”", source=row.point)


def driver_fact(work: Workup, driver: Driver) -> Fact:
    """That the diagnosis alone carries the group, with the table reason."""
    level = {"mcc": "严重并发症或合并症（MCC）", "cc": "并发症或合并症（CC）"}.get(driver.level, "其他诊断")
    named = "、".join([work.named(code) for code in driver.codes])
    drg, lesser = driver.with_it.drg, driver.without.outcome.drg
    return Fact(
        kind=FactKind.DIAGNOSIS,
        text=f"{named}是唯一使分组由{lesser}升为{drg}的{level}，未被主要诊断{work.principal}的排除表排除",
        codes=driver.codes,
    )


def words_of(work: Workup, driver: Driver) -> dict[str, str]:
    return {
        "diagnosis": "、".join([work.named(code) for code in driver.codes]),
        "group": driver.with_it.drg,
        "without": driver.without.outcome.drg,
    }


def recorded_variant(work: Workup, driver: Driver) -> Variant:
    """What the stay would be without the driver."""
    return replace(driver.without, change=f"去掉{'、'.join([work.named(code) for code in driver.codes])}")
