"""The guide for HIS makers: what it tells to send works on the running service, and gets what it shows."""

import json
import re
from typing import Any

from tests.interfaces.nhsa.caller import ROOT
from tests.service import Service

TEXT = (ROOT / "docs" / "his-integration.md").read_text("utf-8")
CURL = re.compile(r"http://127\.0\.0\.1:8000(?P<path>/\S+).*?<<'?JSON'?[^\n]*\n(?P<body>.*?)\nJSON\n", re.DOTALL)
SHOWN = re.compile(r"```json\n(.*?)\n```", re.DOTALL)


def sent(service: Service, path: str, body: str) -> list[dict[str, Any]]:
    answer = service.client.post(path, content=body.encode(), headers={"authorization": ""}).json()
    assert (answer["infcode"], answer["err_msg"]) == (0, "")
    result: list[dict[str, Any]] = answer["output"]["result"]
    return result


def test_the_examples_work_in_the_order_in_which_they_stand(service: Service) -> None:
    calls = [(found["path"], found["body"]) for found in CURL.finditer(TEXT)]
    assert [path for path, _ in calls] == ["/fsi/api/3101", "/fsi/api/3103", "/fsi/api/3102"]
    shown = [json.loads(block) for block in SHOWN.findall(TEXT)]
    assert len(shown) == len(calls)
    finding = ""
    for (path, body), wanted in zip(calls, shown, strict=True):
        (found,) = sent(service, path, body.replace("$JR_ID", finding))
        assert {name: found[name] for name in wanted} == wanted
        finding = str(found.get("jr_id", finding))


def test_the_id_is_found_in_the_answer_as_the_guide_finds_it(service: Service) -> None:
    path, body = next((found["path"], found["body"]) for found in CURL.finditer(TEXT))
    raw = service.client.post(path, content=body.encode()).text
    pattern = re.search(r"grep -o '(.*?)'", TEXT)
    assert pattern is not None
    (found,) = re.findall(pattern[1], raw)
    assert found.split('"')[3] == json.loads(raw)["output"]["result"][0]["jr_id"]


def test_the_addresses_and_settings_that_it_names_exist() -> None:
    settings = (ROOT / "app" / "settings.py").read_text("utf-8")
    for name in set(re.findall(r"MINGJIAN_([A-Z_]+)`", TEXT)):
        assert f"    {name.lower()}:" in settings, name
    for target in re.findall(r"\]\((\.\./[^)#]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
