from pathlib import Path

import pytest

from app.domain.working_days import WEEKENDS_ONLY
from app.knowledge.calendar_file import calendar_in, read_calendar
from app.knowledge.pack import PackError

FILE = Path("holidays.csv")
HEAD = "date,kind,holiday,source\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("date,kind\n", "the columns are date,kind"),
        (HEAD + "2026-1-1,off,元旦,S\n", "line 2: '2026-1-1' is not a date"),
        (HEAD + "2026-01-01,rest,元旦,S\n", "line 2: kind 'rest' is not known"),
        (HEAD + "2026-01-02,off,元旦,S\n2026-01-01,off,元旦,S\n", "line 3: 2026-01-01 does not come after 2026-01-02"),
        (HEAD + "2026-01-01,off,元旦,S\n2026-01-01,off,元旦,S\n", "line 3: 2026-01-01 does not come after"),
        (HEAD + "2026-01-05,work,元旦,S\n", "line 2: 2026-01-05 is a working day anyway"),
        (HEAD + "2026-01-01,off,元旦,\n", "line 2: holiday and source must be given"),
    ],
)
def test_a_fault_is_named_by_line(text: str, fault: str) -> None:
    with pytest.raises(PackError) as raised:
        read_calendar(FILE, text.encode())
    assert fault in str(raised.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PackError) as raised:
        read_calendar(FILE, (HEAD + "x,off,元旦,S\n2026-01-05,work,元旦,\n").encode())
    assert len(str(raised.value).splitlines()) == 3


def test_rows_make_a_calendar() -> None:
    calendar = read_calendar(FILE, (HEAD + "2026-01-01,off,元旦,S\n2026-01-04,work,元旦,S\n").encode())
    assert (len(calendar.off), len(calendar.work), calendar.years) == (1, 1, frozenset({2026}))


def test_packs_without_a_calendar_have_weekends_only(tmp_path: Path) -> None:
    assert calendar_in(tmp_path) == WEEKENDS_ONLY
    (tmp_path / "calendar").mkdir()
    (tmp_path / "calendar" / "holidays.csv").write_text(HEAD + "2026-01-01,off,元旦,S\n", "utf-8")
    assert calendar_in(tmp_path).years == {2026}
