"""POST /v1/settlements/what-if, against the running service."""

from typing import Any

import pytest

from tests.service import Service, encoded, problem_of

STAY = {"id": "S1", "sex": "male", "age_years": 60, "diagnoses": ["I63.900", "J96.000"], "total_amount": "12000"}


def ask(service: Service, **fields: Any) -> Any:
    body = {"scheme": "starter", "stay": STAY, "facts": {"facility_level": "tertiary"}, **fields}
    return service.client.post("/v1/settlements/what-if", content=encoded(body))


def test_drg(service: Service) -> None:
    answer = ask(service)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["scheme"], told["method"], told["index"]) == ("starter", "drg", "S1")
    assert told["notice"]
    found = told["what_if"]
    assert found["recorded"]["drg"] == "BR21"
    dropped = {one["change"]: one for one in found["variants"]}["drop_diagnosis"]
    assert dropped["outcome"]["drg"] == "BR25"
    assert dropped["direction"] == "recorded_higher"
    assert dropped["difference"].startswith("-")
    assert found["steps"][0]["is_sole"] is True


def test_every_variant_on_demand(service: Service) -> None:
    stay = STAY | {"diagnoses": ["I63.900", "E11.900"]}
    assert len(ask(service, stay=stay).json()["what_if"]["variants"]) < 2
    every = ask(service, stay=stay, all=True, add=["J96.000", "XXX"]).json()
    assert len(every["what_if"]["variants"]) == every["what_if"]["tried"] == 4
    assert any("XXX" in one for one in every["complaints"])


def test_dip(service: Service) -> None:
    stay = STAY | {"diagnoses": ["K35.900"], "procedures": ["47.0901"]}
    told = ask(service, scheme="dip-starter", stay=stay, point_value="10").json()
    assert told["method"] == "dip"
    assert told["what_if"]["variants"][0]["change"] == "drop_procedure"
    assert told["what_if"]["variants"][0]["outcome"]["code"] != told["what_if"]["recorded"]["code"]


def test_case_objects_and_clinical_codes(service: Service) -> None:
    case = {"Index": 7, "gender": "1", "age": 60, "zdList": ["I63.900", "J96.000"], "ssList": []}
    told = ask(service, stay=None, case=case).json()
    assert told["index"] == 7
    assert ask(service, translate=True).status_code == 200
    problem = problem_of(ask(service, stay=STAY | {"diagnoses": ["nowhere"]}, translate=True), 422, "invalid-request")
    assert "nowhere" in problem["detail"]


def test_many_codes_are_worked_on_too(service: Service) -> None:
    stay = STAY | {"diagnoses": [f"I63.9{number:02d}" for number in range(100)]}
    assert ask(service, stay=stay, all=True).json()["what_if"]["tried"] == 2 * 99


@pytest.mark.parametrize(
    ("fields", "name", "pointer"),
    [
        ({"scheme": "nowhere"}, "unknown-scheme", "/scheme"),
        ({"stay": STAY | {"sex": "3"}}, "invalid-request", "/stay"),
        ({"stay": None}, "invalid-request", ""),
        ({"stay": STAY | {"diagnoses": ["I10"] * 201}}, "invalid-request", "/diagnoses"),
        ({"add": "J96.000"}, "invalid-request", "/add"),
        ({"add": [""]}, "invalid-request", "/add"),
        ({"add": ["J96.000"] * 51}, "invalid-request", "/add"),
        ({"all": "maybe"}, "invalid-request", "/all"),
        ({"on": "yesterday"}, "invalid-request", "/on"),
        ({"on": "2020-01-01"}, "no-payment-parameters", None),
        ({"facts": {"total_amount": -1}}, "invalid-request", "/facts"),
        ({"scheme": "dip-starter", "point_value": "-1"}, "invalid-request", "/point_value"),
    ],
)
def test_what_cannot_be_is_refused_precisely(service: Service, fields: Any, name: str, pointer: str | None) -> None:
    problem = problem_of(ask(service, **fields), 422, name)
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer


def test_needs_a_key(service: Service) -> None:
    answer = service.client.post("/v1/settlements/what-if", content=b"{}", headers={"authorization": "Bearer x"})
    problem_of(answer, 401, "unauthorized")
