"""Trace a finding (三级追溯): the lines of the prescription, the physician, the department and its head."""

from msgspec import Struct

from app.domain.review import Review
from app.store.reviews import Directory


class Trace(Struct, frozen=True, kw_only=True):
    """Blank is what the review or the directory does not say."""

    facility: str
    encounter: str
    lines: tuple[str, ...]
    practitioner: str
    practitioner_name: str
    practitioner_title: str
    department: str
    department_name: str
    head: str
    head_name: str


async def trace_finding(review: Review, directory: Directory) -> Trace:
    """Raises Unavailable."""
    departments = await directory.departments(review.facility, [review.department]) if review.department else []
    department = departments[0] if departments else None
    head = department.head if department else ""
    codes = sorted({code for code in (review.practitioner, head) if code})
    people = {one.code: one for one in await directory.staff(review.facility, codes)} if codes else {}
    physician = people.get(review.practitioner)
    return Trace(
        facility=review.facility,
        encounter=review.encounter,
        lines=review.lines,
        practitioner=review.practitioner,
        practitioner_name=physician.name if physician else "",
        practitioner_title=physician.title if physician else "",
        department=review.department,
        department_name=department.name if department else "",
        head=head,
        head_name=people[head].name if head in people else "",
    )
