"""The agreed messages: each `<transaction>/<case>/request.json` gets what stands in its `response.json`.

`profile.yaml` is the caller's profile where the case has one; `before.json` names the cases that are sent first, and
`<jr_id N>` in a request stands for the N-th finding of the latest answer that had any. Times, references and ids differ
from run to run and are compared by their form.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.interfaces.nhsa.caller import BASE, Caller

HERE = Path(__file__).parent
CASES = sorted(file.parent for file in HERE.glob("*/*/request.json"))
FORMS = {
    "inf_refmsgid": re.compile(r"\d{30}"),
    "refmsg_time": re.compile(r"\d{17}"),
    "respond_time": re.compile(r"\d{17}"),
    "jr_id": re.compile(r"[0-9a-f]{32}"),
    "jrd_id": re.compile(r"[0-9a-f]{32}"),
    "warn_rslt_id": re.compile(r"[0-9a-f]{32}"),
    "task_id": re.compile(r"[0-9a-f]{32}"),
    "url": re.compile(r"http://192\.0\.2\.1:8000/fsi/api/popup/[0-9a-f.]+"),
    "url2": re.compile(r"http://192\.0\.2\.1:8000/fsi/api/popup/[0-9a-f.]+/outcome"),
}


def form(node: Any) -> Any:
    """The answer with what differs from run to run replaced by its form's name; a wrong form is left to differ."""
    if isinstance(node, list):
        return [form(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"<{name}>" if name in FORMS and FORMS[name].fullmatch(str(value)) else form(value)
        for name, value in node.items()
    }


def ids_of(answer: Any) -> list[str]:
    result = (answer["output"] or {}).get("result")
    return re.findall(r"'jr_id': '([0-9a-f]+)'", str(result))


def send(caller: Caller, case: Path, known: list[str]) -> Any:
    request = (case / "request.json").read_text("utf-8")
    for number, finding in enumerate(known, 1):
        request = request.replace(f"<jr_id {number}>", finding)
    return caller.post(request.encode(), path=f"{BASE}/{case.parent.name}").json()


def answer_to(caller: Caller, case: Path) -> Any:
    known: list[str] = []
    first = case / "before.json"
    for name in json.loads(first.read_text("utf-8")) if first.exists() else []:
        known = ids_of(send(caller, HERE / name, known)) or known
    return send(caller, case, known)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_the_answer_is_the_agreed_one(case: Path, tmp_path: Path) -> None:
    profile = case / "profile.yaml"
    profiles = {"default": yaml.safe_load(profile.read_text("utf-8"))} if profile.exists() else None
    with Caller(tmp_path, profiles) as caller:
        answer = answer_to(caller, case)
    assert form(answer) == json.loads((case / "response.json").read_text("utf-8"))


def test_there_is_a_case_of_every_kind() -> None:
    names = {f"{case.parent.name}/{case.name}" for case in CASES}
    assert len(names) >= 20
    assert {name.split("/")[0] for name in names} == {"3101", "3102", "3103", "3301", "3660", "3661", "9999"}
