"""Grouping over HTTP: the published cases get their groups, and what cannot be grouped is told precisely."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.application.import_scheme import import_scheme
from app.main import create_app
from app.settings import Settings
from tests.service import KEY, ROOT, Service, problem_of, serving

SHARED = ROOT.parent / "shared/data/drg"
CASES = sorted(SHARED.glob("cases/*.jsonl.gz"))
official = pytest.mark.skipif(not CASES, reason="the official schemes and cases (../shared/data/drg) are not here")
APPENDICITIS = {"sex": "male", "age_years": 30, "diagnoses": ["K35.800x001"], "procedures": ["47.0100"]}


@pytest.fixture(scope="module")
def grouping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir: Path = tmp_path_factory.mktemp("grouping")
    for scheme in sorted(SHARED.glob("schemes/*.zip")):
        import_scheme(scheme, data_dir / "schemes")
    settings = Settings(data_dir=data_dir, rules_dir=ROOT / "rules", api_key=SecretStr(KEY))
    with serving(create_app(settings), data_dir) as running:
        yield running


def post(service: Service, path: str, document: Any) -> Any:
    answer = service.client.post(path, json=document)
    assert answer.status_code == 200, answer.text
    return answer.json()


@official
@pytest.mark.parametrize("file", CASES, ids=lambda file: file.name.partition(".")[0])
def test_the_published_cases_in_bulk(grouping: Service, file: Path) -> None:
    cases = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    body = b"\n".join(json.dumps({"case": one["case"]}).encode() for one in cases)
    scheme = file.name.partition(".")[0]
    answer = grouping.client.post(f"/v1/groupings/drg/bulk?scheme={scheme}", content=body, timeout=120)
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert len(found) == len(cases)
    wrong = [
        (one["case"]["Index"], two)
        for one, two in zip(cases, found, strict=True)
        if {name: two[name] for name in ("status", "mdc", "adrg", "drg")} != one["expected"]
        or two["Index"] != one["case"]["Index"]
    ]
    assert wrong == []


@official
def test_one_by_one_with_the_trace(grouping: Service) -> None:
    cases = [json.loads(line) for line in gzip.decompress(CASES[0].read_bytes()).splitlines()[:200]]
    scheme = CASES[0].name.partition(".")[0]
    for one in cases:
        found = post(grouping, "/v1/groupings/drg", {"scheme": scheme, "case": one["case"], "trace": True})
        assert {name: found[name] for name in one["expected"]} == one["expected"]
        assert found["trace"]["conclusion"]


def test_a_stay_in_our_own_words(grouping: Service) -> None:
    found = post(grouping, "/v1/groupings/drg", {"scheme": "starter", "stay": APPENDICITIS, "trace": True})
    assert found["status"] == "分组成功"
    assert found["drg"].startswith("G")
    assert found["notice"] == "not_for_settlement"
    assert found["trace"]["rule"]["condition"]
    assert post(grouping, "/v1/groupings/drg?scheme=starter", APPENDICITIS)["drg"] == found["drg"]


def test_an_encounter_is_a_stay_too(grouping: Service) -> None:
    encounter = {
        "id": "E1", "facility": {"id": "F1"}, "patient": {"id": "P1", "sex": "male", "birth_date": "1990-05-01"},
        "care_type": "inpatient", "start_at": "2026-03-01T08:00:00", "end_at": "2026-03-06T08:00:00",
        "diagnoses": [{"code": "I10.x00x002"}, {"code": "K35.800x001", "is_principal": True}],
        "procedures": [{"code": "47.0100", "is_principal": True, "performed_date": "2026-03-09"}],
    }  # fmt: skip
    found = post(grouping, "/v1/groupings/drg", {"scheme": "starter", "encounter": encounter})
    assert found["Index"] == "E1"
    assert found["drg"] == post(grouping, "/v1/groupings/drg?scheme=starter", APPENDICITIS)["drg"]
    assert "手术操作47.0100的日期2026-03-09不在住院期间内，请核对" in found["complaints"]


@pytest.mark.parametrize(("changed", "words"), [
    ({"sex": ""}, "性别"), ({"age_years": None}, "年龄"),
    ({"age_years": 0, "age_days": 5, "weight_grams": None}, "体重"),
    ({"diagnoses": []}, "诊断"), ({"diagnoses": ["Q00.001"], "procedures": ["99.9999"]}, "不在分组方案的编码库中"),
])  # fmt: skip
def test_what_cannot_be_grouped_says_why(grouping: Service, changed: dict[str, Any], words: str) -> None:
    found = post(grouping, "/v1/groupings/drg", {"scheme": "starter", "stay": {**APPENDICITIS, **changed}})
    assert words in "".join(found["complaints"])


@pytest.mark.parametrize(("document", "name", "pointer"), [
    ({"stay": APPENDICITIS}, "invalid-request", "/scheme"),
    ({"scheme": "nowhere", "stay": APPENDICITIS}, "unknown-scheme", "/scheme"),
    ({"scheme": "../../etc", "stay": APPENDICITIS}, "unknown-scheme", "/scheme"),
    ({"scheme": "starter"}, "invalid-request", ""),
    ({"scheme": "starter", "stay": {**APPENDICITIS, "sex": "3"}}, "invalid-request", "/stay"),
    ({"scheme": "starter", "stay": {**APPENDICITIS, "diagnoses": ["I10"] * 201}}, "invalid-request", "/diagnoses"),
    ({"scheme": "starter", "case": {"zdList": 7}}, "invalid-request", "/case"),
    ({"scheme": "starter", "stay": APPENDICITIS, "trace": "perhaps"}, "invalid-request", "/trace"),
    ({"scheme": "starter", "encounter": {"id": "E"}}, "invalid-request", "/encounter"),
])  # fmt: skip
def test_what_is_refused(grouping: Service, document: Any, name: str, pointer: str) -> None:
    problem = problem_of(grouping.client.post("/v1/groupings/drg", json=document), 422, name)
    assert [one["pointer"] for one in problem["errors"]] == [pointer]


def test_a_case_of_sex_3_fails_the_check(grouping: Service) -> None:
    case = {"Index": 1, "gender": "3", "age": 40, "zdList": ["K35.800x001"], "ssList": []}
    found = post(grouping, "/v1/groupings/drg", {"scheme": "starter", "case": case})
    assert found["status"] == "信息校验不通过"
    assert "性别" in "".join(found["complaints"])


def test_bad_lines_do_not_cost_the_others(grouping: Service) -> None:
    lines = [json.dumps(APPENDICITIS), "nonsense", "{}", json.dumps({"stay": APPENDICITIS})]
    answer = grouping.client.post("/v1/groupings/drg/bulk?scheme=starter", content="\n".join(lines).encode())
    found = [json.loads(line) for line in answer.content.splitlines()]
    assert [one.get("drg") is not None for one in found] == [True, False, False, True]
    assert found[1]["status"] == 400
    assert found[2]["status"] == 422
    problem_of(grouping.client.post("/v1/groupings/drg/bulk", content=b""), 422)


def test_a_dip_group_tells_why_it_won(grouping: Service) -> None:
    stay = {**APPENDICITIS, "diagnoses": ["K35.900"], "total_amount": "9000"}
    document = {"scheme": "dip-starter", "stay": stay, "trace": True}
    found = post(grouping, "/v1/groupings/dip", document)
    assert found["grouping"]["status"] == "grouped"
    assert found["grouping"]["layer"] == "basic"
    lines = grouping.client.post(
        "/v1/groupings/dip/bulk?scheme=dip-starter", content=json.dumps({"stay": stay}).encode() + b"\nx"
    ).content.splitlines()
    assert json.loads(lines[0])["grouping"]["code"] == found["grouping"]["code"]
    assert json.loads(lines[1])["status"] == 400
    problem_of(grouping.client.post("/v1/groupings/dip", json={**document, "scheme": "starter"}), 422, "unknown-scheme")


def test_a_preview_prices_the_stay(grouping: Service) -> None:
    document = {
        "scheme": "starter", "stay": {**APPENDICITIS, "total_amount": "9000", "stay_days": 5},
        "facts": {"facility_level": "tertiary", "start_date": "2026-03-01", "today": "2026-03-04"},
    }  # fmt: skip
    found = post(grouping, "/v1/settlements/preview", document)
    payment = found["settlement"]["payment"]
    assert payment["payment_class"] in ("normal", "low", "high", "special_review")
    assert payment["steps"]
    assert found["settlement"]["running"]["thresholds"]
    document["scheme"] = "dip-starter"
    assert post(grouping, "/v1/settlements/preview", document)["method"] == "dip"


@pytest.mark.parametrize(("changed", "name"), [
    ({"facts": {"facility_level": "best"}}, "invalid-request"), ({"on": "1990-01-01"}, "no-payment-parameters"),
    ({"on": "yesterday"}, "invalid-request"), ({"scheme": "nowhere"}, "unknown-scheme"),
    ({"facts": 5}, "invalid-request"),
    ({"facts": {"start_date": "2026-03-05", "today": "2026-03-01"}}, "invalid-request"),
])  # fmt: skip
def test_what_cannot_be_priced(grouping: Service, changed: dict[str, Any], name: str) -> None:
    document = {"scheme": "starter", "stay": {**APPENDICITIS, "total_amount": "9000"}, **changed}
    problem_of(grouping.client.post("/v1/settlements/preview", json=document), 422, name)


def test_the_schemes_are_listed(grouping: Service) -> None:
    listed = {one["id"]: one for one in grouping.client.get("/v1/schemes").json()["schemes"]}
    assert listed["starter"]["method"] == "drg"
    assert listed["dip-starter"]["method"] == "dip"
    assert all(one["fault"] == "" for one in listed.values())


@pytest.mark.parametrize("path", ["/v1/groupings/drg", "/v1/groupings/dip/bulk", "/v1/settlements/preview"])
def test_a_key_is_needed(grouping: Service, path: str) -> None:
    answer = grouping.client.post(path, json={}, headers={"authorization": "Bearer no"})
    problem_of(answer, 401)
