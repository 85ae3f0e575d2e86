"""Group stays (病例分组): the answer for one case, the same from the command line and over HTTP."""

from typing import Any

from app.application.stay_input import StayInput
from app.grouper.dip import group_dip
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.dip_result import DipFacts, DipGrouping
from app.grouper.drg import group
from app.grouper.grouping import Grouping
from app.grouper.scheme import Scheme


def drg_answer(scheme: Scheme, case: StayInput, *, translate: bool = False, trace: bool = False) -> dict[str, Any]:
    """Index, status, mdc, adrg, drg, name; `complaints` and `trace` only where there are such.

    Raises ValueError where codes are to be translated and the scheme has no maps.
    """
    return drg_words(case, group(scheme, case.stay, translate=translate, trace=trace))


def drg_words(case: StayInput, found: Grouping) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Index": case.index,
        "status": found.status,
        "mdc": found.mdc,
        "adrg": found.adrg,
        "drg": found.drg,
        "name": found.name,
    }
    if complaints := (*case.complaints, *found.complaints):
        answer["complaints"] = complaints
    if found.trace is not None:
        answer["trace"] = found.trace
    return answer


def dip_answer(
    catalogue: DipCatalogue, case: StayInput, facts: DipFacts | None, *, explain: bool
) -> tuple[DipGrouping, dict[str, Any]]:
    found = group_dip(catalogue, case.stay, facts, explain=explain)
    answer: dict[str, Any] = {"Index": case.index, "grouping": found}
    if case.complaints:
        answer["complaints"] = case.complaints
    return found, answer


def unknown_codes(scheme: Scheme, case: StayInput) -> list[str]:
    """Codes of the case that the scheme's own code set does not have, in Chinese sentences."""
    kinds = (
        ("诊断", case.stay.diagnoses, scheme.diagnosis_names),
        ("手术操作", case.stay.procedures, scheme.procedure_names),
    )
    return [
        f"{kind}编码{code}不在分组方案的编码库中" for kind, codes, names in kinds for code in codes if code not in names
    ]
