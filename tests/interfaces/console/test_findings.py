"""The list of findings: filters, sorting, paging, views, decisions on many, and who sees what."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.domain.review import ReviewState
from app.interfaces.console.finding_query import asked_by, path_of
from app.store.reviews import Order, Sorting
from tests.interfaces.console.conftest import COUNT, Person, Someone

LIST = "/console/findings"


def ids(page: str) -> list[str]:
    return [name for name, _ in picks(page)]


def picks(page: str) -> list[tuple[str, str]]:
    return re.findall(r'name="pick" value="([0-9A-Za-z_-]+)\.(\d+)"', page)


def ticked(page: str, count: int) -> list[str]:
    return [".".join(one) for one in picks(page)[:count]]


def total(page: str) -> str:
    return page.partition("共 <b>")[2].partition("</b>")[0]


def test_filters_narrow_and_what_is_not_understood_is_told(someone: Someone) -> None:
    auditor = someone("auditor")
    assert total(auditor.get(LIST).text) == str(COUNT)
    for query, count in {
        "department=D01": COUNT // 2, "department=D01&department=D02": COUNT, "practitioner=D0002": COUNT // 2,
        "severity=definite": COUNT, "severity=slightly_suspect": 0, "stage=ordering": COUNT // 3,
        "amount_from=60&amount_to=61.00": 2, "amount_from=0.01": COUNT, "insurance=employee": COUNT,
        "insurance=resident": 0, "state=confirmed": 0, "state=open&state=confirmed": COUNT, "encounter=E003": 1,
        "assignee=-": COUNT, "due_to=2020-01-01": 0, "from=2020-01-01": COUNT, "to=2020-01-01": 0, "trial=only": 0,
        "q=外科": COUNT // 2, "q=wk": COUNT // 2, "q=hqlcc": COUNT, "q=zys": COUNT // 2, "campus=X": 0,
    }.items():  # fmt: skip
        assert total(auditor.get(f"{LIST}?{query}").text) == str(count), query
    page = auditor.get(f"{LIST}?severity=terrible&amount_from=NaN&to=yesterday").text
    assert total(page) == str(COUNT)
    assert "已忽略：severity、to、amount_from" in page


def test_sorted_by_amount_both_ways(someone: Someone) -> None:
    auditor = someone("auditor")
    down = auditor.get(f"{LIST}?sort=amount").text
    up = auditor.get(f"{LIST}?sort=amount&order=asc").text
    assert ids(down) == ids(up)[::-1]
    assert down.index(">73.00<") < down.index(">50.00<")
    assert 'aria-sort="descending"' in down


def test_an_address_says_the_same_there_and_back() -> None:
    query = (
        "q=%E5%A4%96%E7%A7%91&department=D01&department=D02&severity=definite&state=open&from=2026-01-01&to=2026-03-31"
        "&amount_from=10.5&amount_to=99&due_from=2026-02-01&due_to=2026-02-28&assignee=-&trial=all&insurance=employee"
        "&sort=deadline&order=asc&patient=" + "a" * 64
    )
    asked = asked_by(parse_qsl(query))
    assert not asked.ignored
    again = asked_by(parse_qsl(urlsplit(path_of(asked.wanted, asked.order)).query))
    assert (again.wanted, again.order) == (asked.wanted, asked.order)
    assert asked.order == Order(Sorting.DEADLINE, is_descending=False)
    assert asked.wanted.states == (ReviewState.OPEN,)
    assert asked.wanted.amount_from == 1050


def test_pages_follow_without_gap_or_repetition(someone: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.interfaces.console.findings.PAGE_SIZE", 7)
    auditor, path, seen = someone("auditor"), f"{LIST}?sort=amount&department=D01&department=D02", list[str]()
    while path:
        page = auditor.get(path).text
        seen += ids(page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == COUNT
    answer = auditor.get(f"{LIST}?after=made-up")
    assert answer.headers["location"] == LIST


def test_everybody_sees_their_own_part_only(someone: Someone) -> None:
    assert total(someone("head").get(LIST).text) == str(COUNT // 2)
    assert total(someone("doctor").get(LIST).text) == str(COUNT // 2)
    assert total(someone("head").get(f"{LIST}?department=D02").text) == "0"
    assert someone("manager").get(LIST).status_code == 403
    assert someone("operator").get(LIST).status_code == 403


def test_a_patient_is_looked_up_without_standing_in_an_address(someone: Someone) -> None:
    auditor = someone("auditor")
    answer = auditor.tell(f"{LIST}/patient", patient="P004-11010119800101")
    path = answer.headers["hx-redirect"]
    assert "P004" not in path
    page = auditor.get(path).text
    assert total(page) == "1"
    assert "E004" not in page.partition("<tbody")[0]
    assert "P004-1101" not in page
    assert auditor.tell(f"{LIST}/patient", patient=" ").status_code == 422


def test_views_are_saved_shared_used_and_removed(someone: Someone) -> None:
    auditor, second = someone("auditor"), someone("second")
    query = "department=D01&sort=amount"
    assert "hx-redirect" in auditor.tell("/console/views", name="内科大额", query=query, is_shared="yes").headers
    assert auditor.tell("/console/views", name="内科大额", query=query).status_code == 409
    assert auditor.tell("/console/views", name="", query=query).status_code == 422
    assert auditor.tell("/console/views", name="患者", query="patient=" + "b" * 64).status_code == 422
    found = re.search(r'href="(/console/views/[0-9a-f]+)">内科大额', second.get(LIST).text)
    assert found is not None
    assert second.get(found[1]).headers["location"] == f"{LIST}?{query}&order=desc"
    assert second.tell(f"{found[1]}/delete").status_code == 404
    assert auditor.tell(f"{found[1]}/delete").headers["hx-redirect"] == LIST
    assert "内科大额" not in auditor.get(LIST).text


def test_many_at_once_and_what_did_not_work_says_why(someone: Someone) -> None:
    auditor, lead = someone("auditor"), someone("lead")
    page = auditor.get(LIST).text
    first = ticked(page, 3)
    done = _bulk(auditor, first, decision="confirm:policy_breached")
    assert "已处理 <b>3</b> 条" in done
    again = _bulk(lead, [*first, *ticked(page, 5)[3:]], decision="dismiss:rule_too_broad")
    assert "已处理 <b>2</b> 条" in again
    assert again.count("打开列表后已被他人更改") == 3
    fresh = lead.get(f"{LIST}?state=confirmed").text
    refused = _bulk(lead, ticked(fresh, 3), decision="confirm:policy_breached")
    assert refused.count("“已确认”的疑点不能“确认违规”") == 3
    assert total(lead.get(f"{LIST}?state=awaiting_second").text) == "2"  # clearing what is definite takes two


def _bulk(person: Person, picked: list[str], **fields: str) -> str:
    return person.tell(f"{LIST}/bulk", do="decide", pick=picked, **fields).text


def test_many_are_given_to_somebody(someone: Someone) -> None:
    auditor = someone("auditor")
    page = auditor.get(LIST).text
    found = re.search(r'<option value="([^"]+)">审核员乙', page)
    assert found is not None
    assert (
        "已处理 <b>4</b> 条" in auditor.tell(f"{LIST}/bulk", do="assign", assignee=found[1], pick=ticked(page, 4)).text
    )
    assert total(auditor.get(f"{LIST}?assignee={found[1]}").text) == "4"
    assert "我的待办" in someone("second").get("/console").text


def test_a_decision_without_reason_or_finding_is_refused(someone: Someone) -> None:
    auditor = someone("auditor")
    picked = ticked(auditor.get(LIST).text, 1)
    for fields in (
        {"do": "decide", "pick": picked, "decision": ""},
        {"do": "decide", "pick": picked, "decision": "confirm:no-such-reason"},
        {"do": "decide", "pick": picked, "decision": "reopen:new_evidence"},
        {"do": "decide", "pick": [], "decision": "confirm:policy_breached"},
        {"do": "decide", "pick": ["nonsense"], "decision": "confirm:policy_breached"},
        {"do": "assign", "pick": picked, "assignee": ""},
    ):
        assert auditor.tell(f"{LIST}/bulk", **fields).status_code == 422, fields
    assert someone("head").tell(f"{LIST}/bulk", do="decide", pick=picked).status_code == 403


def test_the_list_is_exported_as_it_is_seen_and_by_whoever_may(someone: Someone) -> None:
    auditor = someone("auditor")
    assert "/console/findings/export?department=D01&amp;format=csv" in auditor.get(f"{LIST}?department=D01").text
    answer = auditor.get(f"{LIST}/export?department=D01&format=csv")
    assert answer.status_code == 200
    assert answer.text.count("后穹窿穿刺术") == COUNT // 2
    assert "科室：D01" in answer.text
    assert "审核员甲" in answer.text
    book = auditor.get(f"{LIST}/export?format=xlsx")
    assert book.content.startswith(b"PK")
    head = someone("head")
    assert head.get(f"{LIST}/export?format=csv").status_code == 403
    assert "导出 Excel" not in head.get(LIST).text
