"""Clues to what was not coded (漏编线索, B1): charged or done, without a diagnosis that would explain it."""

from collections.abc import Iterator

from app.grouper.coding_case import Found, Unknown
from app.grouper.coding_regroup import is_cheaper, is_of_one_adrg
from app.grouper.coding_workup import NO_LINES, Workup
from app.knowledge.coding_records import ClueRow


def missing_complication(work: Workup) -> Iterator[Found | Unknown]:
    """B1: reported only where the stay, with the diagnosis, is in another group that pays more."""
    rows = [row for row in work.knowledge.clues if not row.unless.matching(work.stay.diagnoses)]
    rows = [row for row in rows if row.add_code not in work.stay.diagnoses]
    if not work.items and rows:
        yield NO_LINES
        return
    for row in rows:
        variant = work.regroup.variant(f"补充诊断{work.named(row.add_code)}", (*work.stay.diagnoses, row.add_code))
        cheaper = is_cheaper(variant, work.recorded)
        if cheaper is False or (cheaper is None and not is_of_one_adrg(variant, work.recorded)):
            continue
        outcome = _shown(work, row)
        if isinstance(outcome, Unknown):
            yield outcome
        elif outcome:
            facts = work.seek(row, with_texts=False).facts
            yield Found(
                point=row.point,
                codes=(row.add_code,),
                words={
                    "clue": row.clue,
                    "diagnosis": row.add_name,
                    "group": work.recorded.drg,
                    "without": variant.outcome.drg,
                },
                evidence_for=facts,
                variants=(variant,),
                needs_review=not row.is_reviewed,
            )


def _shown(work: Workup, row: ClueRow) -> bool | Unknown:
    """Whether the clue is there on enough days; a procedure is enough where one day is."""
    charged = work.matching_items(row.item_code, row.item_names)
    if row.min_days == 1:
        return bool(charged) or bool(row.procedures.matching(work.stay.procedures))
    days = {item.service_date for item in charged}
    if len(days - {None}) >= row.min_days:
        return True
    if None in days and len(charged) >= row.min_days:
        return Unknown("line.service_date", "收费明细没有日期，不知道用了几天")
    return False
