from pathlib import Path

from app.application.trace_finding import Trace, trace_finding
from app.store.reviews import Department, StaffMember
from app.store.store import Store
from tests.application.reviewing import with_reviews
from tests.domain.review_build import NOW, review


def test_a_finding_leads_to_lines_physician_and_head(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        department = Department(facility="H1", code="D1", name="内分泌科", head="P7")
        staff = [
            StaffMember(facility="H1", code="P1", name="甲医师", department="D1", title="主治医师"),
            StaffMember(facility="H1", code="P7", name="乙主任", department="D1", title="主任医师"),
        ]
        await store.directory.put_departments([department], caller="lead-1", at=NOW)
        await store.directory.put_staff(staff, caller="lead-1", at=NOW)
        assert await trace_finding(review(), store.directory) == Trace(
            facility="H1",
            encounter="E1",
            lines=("L1", "L2"),
            practitioner="P1",
            practitioner_name="甲医师",
            practitioner_title="主治医师",
            department="D1",
            department_name="内分泌科",
            head="P7",
            head_name="乙主任",
        )
        elsewhere = await trace_finding(review(facility="H2"), store.directory)
        assert (elsewhere.practitioner, elsewhere.practitioner_name, elsewhere.head) == ("P1", "", "")
        unknown = await trace_finding(review(department="", practitioner=""), store.directory)
        assert (unknown.department_name, unknown.head_name, unknown.lines) == ("", "", ("L1", "L2"))

    with_reviews(tmp_path, [], steps)
