"""One finding from open to its end: steps, second persons, appeals, attachments, proofs; and who may what."""

import io
import re
import time
from hashlib import sha256

import httpx
import pytest
from pypdf import PdfReader

from app.trail.keys import read_verifier
from app.trail.proof_file import read_proof_file
from tests.interfaces.console.conftest import Person, Someone
from tests.service import Service

LIST = "/console/findings"
PDF = b"%PDF-1.4\n%a report that somebody scanned\n%%EOF\n"


def first_of(person: Person, query: str = "department=D01") -> str:
    """The address of the first finding of a list."""
    found = re.search(r'href="(/console/findings/[^"/]+)" hx-get', person.get(f"{LIST}?{query}").text)
    assert found is not None
    return found[1]


def step(person: Person, path: str, action: str, **fields: object) -> httpx.Response:
    """As the page would send it that this person sees now."""
    page = person.get(path).text
    version = re.search(r'name="version" value="(\d+)"', page)
    steps = re.search(r'name="steps" value="(\d+)"', page)
    assert version is not None
    assert steps is not None
    return person.tell(f"{path}/steps", action=action, version=version[1], steps=steps[1], **fields)


def offered(page: str) -> set[str]:
    return set(re.findall(r'name="action" value="(\w+)"', page))


def upload(person: Person, path: str, name: str = "病历.pdf", content: bytes = PDF) -> httpx.Response:
    headers = {"x-csrf-token": person.csrf, "hx-request": "true"}
    return person.post(f"{path}/attachments", files={"file": (name, content, "text/html")}, headers=headers)


def attached(page: str) -> list[str]:
    return re.findall(r"/console/attachments/([0-9a-f]+)", page)


def test_the_whole_case_without_who_the_patient_is(someone: Someone) -> None:
    auditor = someone("auditor")
    path = first_of(auditor, "encounter=E004")
    page = auditor.get(path).text
    for text in (
        "后穹窿穿刺术",
        "女性生殖系统操作",
        "虚构政策文件",
        "违规行",
        "张医师",
        "王主任",
        "护理费",
        "尚无人办理",
    ):
        assert text in page, text
    assert "P004-1101" not in page
    assert "1980-01-01" not in page
    drawer = auditor.get(path, headers={"hx-request": "true"}).text
    assert "<html" not in drawer
    assert 'id="finding"' in drawer


def test_nobody_sees_or_moves_what_is_not_theirs(someone: Someone) -> None:
    auditor, other = someone("auditor"), someone("other")
    path = first_of(auditor)
    assert "hx-post" not in other.get(path).text.partition("<main")[2]
    assert other.get(path).status_code == 404
    assert other.get(f"{path}/proof").status_code == 404
    assert other.get(path.replace("findings", "appeals") + "/dossier.pdf").status_code == 404
    assert other.tell(f"{path}/steps", action="comment", version="1", comment="看看").status_code == 404
    assert upload(other, path).status_code == 404
    assert other.tell(f"{path}/unmask", reason="需要核对身份").status_code == 403
    upload(auditor, path)
    (attachment,) = set(attached(auditor.get(path).text))
    assert other.get(f"/console/attachments/{attachment}").status_code == 404


def test_only_what_the_state_allows_this_person_is_offered(someone: Someone) -> None:
    auditor, head, doctor = someone("auditor"), someone("head"), someone("doctor")
    path = first_of(auditor)
    assert {"take_up", "confirm", "dismiss", "except", "assign"} <= offered(auditor.get(path).text)
    assert offered(head.get(path).text) == {"comment", "answer"} == offered(doctor.get(path).text)
    step(auditor, path, "confirm", reason_code="policy_breached")
    assert {"appeal", "accept"} <= offered(head.get(path).text)
    assert "confirm" not in offered(auditor.get(path).text)
    refused = auditor.tell(f"{path}/steps", action="confirm", version="2", reason_code="policy_breached")
    assert refused.status_code == 422
    assert "“已确认”的疑点不能“确认违规”" in refused.text


def test_a_reason_is_mandatory_and_what_was_typed_is_kept(someone: Someone) -> None:
    auditor = someone("auditor")
    path = first_of(auditor)
    refused = step(auditor, path, "dismiss", comment="患者性别录入有误 <b>")
    assert refused.status_code == 422
    assert "请选择理由" in refused.text
    assert "患者性别录入有误 &lt;b&gt;" in refused.text
    assert step(auditor, path, "no-such-action").status_code == 422


def test_whoever_comes_second_is_told_what_changed(someone: Someone) -> None:
    auditor, lead = someone("auditor"), someone("lead")
    path = first_of(auditor)
    step(lead, path, "comment", comment="先核对性别")
    step(lead, path, "take_up")
    late = auditor.tell(f"{path}/steps", action="confirm", version="1", steps="0", reason_code="policy_breached")
    assert late.status_code == 409
    assert "已被更改" in late.text
    news = late.text.partition("其间的变化")[2].partition("</section>")[0]
    assert "受理" in news
    assert "先核对性别" in news
    assert "医保办主任" in news


def test_confirmed_accepted_mended_and_checked_by_another(someone: Someone) -> None:
    auditor, second, head = someone("auditor"), someone("second"), someone("head")
    path = first_of(auditor, "encounter=E004")
    assert step(auditor, path, "confirm", reason_code="policy_breached").status_code == 200
    assert "请待科室认可" in step(auditor, path, "order_rectification", comment="退费").text
    assert step(head, path, "accept").status_code == 200
    assert step(auditor, path, "order_rectification", comment="退费并培训", working_days="5").status_code == 200
    assert "整改中 1" in auditor.get("/console/rectifications").text
    assert "请上传整改佐证材料" in step(head, path, "report_rectified", refund="54.00").text
    assert upload(head, path).status_code == 200
    proof = attached(head.get(path).text)[0]
    done = step(head, path, "report_rectified", refund="54.00", attachment=proof)
    assert done.status_code == 200, done.text
    assert "待复查 1" in someone("lead").get("/console/rectifications").text
    assert step(second, path, "pass_recheck").status_code == 200
    closed = second.get("/console/rectifications?step=closed").text
    assert "已退 54.00 元" in closed
    assert "已办结" in second.get(path).text


def test_an_appeal_through_its_rounds_and_its_dossier(service: Service, someone: Someone) -> None:
    auditor, second, head = someone("auditor"), someone("second"), someone("head")
    path = first_of(auditor, "encounter=E004")
    dossier = path.replace("findings", "appeals") + "/dossier.pdf"
    step(auditor, path, "confirm", reason_code="policy_breached")
    upload(head, path)
    proof = attached(head.get(path).text)[0]
    assert step(head, path, "appeal", reason_code="clinically_needed", attachment=proof).status_code == 200
    assert "初审 1" in second.get("/console/appeals").text
    refused = step(auditor, path, "reject", reason_code="policy_is_clear")
    assert "请由另一人办理" in refused.text
    assert step(second, path, "reject", reason_code="policy_is_clear").status_code == 200
    assert step(head, path, "appeal", reason_code="data_wrong").status_code == 200
    assert step(someone("lead"), path, "grant", reason_code="data_wrong").status_code == 200
    assert "误报" in second.get(path).text

    answer = _with_proofs(head, dossier)
    assert answer.headers["content-type"] == "application/pdf"
    document = PdfReader(io.BytesIO(answer.content))
    text = "".join([page.extract_text() for page in document.pages])
    for told in (
        "医保疑点申诉书",
        "后穹窿穿刺术",
        "临床确有需要",
        "政策规定明确",
        "内科主任",
        sha256(PDF).hexdigest()[:12],
    ):
        assert told in text, told
    assert "P004-1101" not in text
    assert len(document.attachments) >= 5  # the audit and each step
    for name, contents in document.attachments.items():
        found = read_proof_file(contents[0].decode())
        assert name == f"entry-{found.number}.tlog-proof"
    assert read_verifier(_trail_key(service)) is not None


def _trail_key(service: Service) -> str:
    return next((service.data_dir / "trail").glob("*.pub")).read_text("utf-8").strip()


def _with_proofs(person: Person, path: str) -> httpx.Response:
    """Once the checkpoint over the last step is there."""
    for _ in range(40):
        answer = person.get(path)
        assert answer.status_code == 200, answer.text
        text = "".join([page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages])
        if "检查点尚未生成" not in text:
            return answer
        time.sleep(0.5)
    pytest.fail("no checkpoint came")


def test_the_proof_of_the_audit_is_a_file_that_can_be_read(someone: Someone) -> None:
    auditor = someone("auditor")
    answer = auditor.get(f"{first_of(auditor)}/proof")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith('.tlog-proof"')
    found = read_proof_file(answer.text)
    assert b"11010119800101" not in found.entry


def test_attachments_are_what_their_bytes_say(someone: Someone) -> None:
    auditor = someone("auditor")
    path = first_of(auditor)
    for name, content in {"a.html": b"<html>\x00", "b.pdf": b"MZ\x90\x00", "c.xlsx": b"PK\x03\x04 no archive"}.items():
        assert "只接受" in upload(auditor, path, name, content).text, name
    assert "10MB" in upload(auditor, path, "large.pdf", PDF + b" " * 10 * 1024 * 1024).text
    upload(auditor, path, "../../说明\u202etxt.exe", "说明".encode())
    page = auditor.get(path).text
    (attachment,) = set(attached(page))
    answer = auditor.get(f"/console/attachments/{attachment}")
    assert answer.text == "说明"
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "txt.exe.txt" in page
    assert "\u202e" not in page


def test_who_the_patient_is_is_told_for_a_reason_and_recorded(someone: Someone) -> None:
    auditor, head = someone("auditor"), someone("head")
    path = first_of(auditor, "encounter=E004")
    assert auditor.tell(f"{path}/unmask", reason="看看").status_code == 422
    told = auditor.tell(f"{path}/unmask", reason="核对病案首页")
    assert "P004-11010119800101" in told.text
    assert head.tell(f"{path}/unmask", reason="核对病案首页").status_code == 403
    assert "查看患者身份" not in head.get(path).text
