"""A whole run of the service about one invented patient (身份信息演练): by every way in, with every mistake."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.interfaces.cds_hooks import emr
from tests.interfaces.fhir.test_claim_submit import claim
from tests.interfaces.nhsa import messages
from tests.privacy_scan import (
    CANARIES,
    Leak,
    leaks,
    leaks_in_headers,
)
from tests.servers import free_port
from tests.service import KEY, ROOT, charge, request

RULES = ROOT / "tests" / "contracts" / "nhsa" / "rules"
NAME, NUMBER, PHONE = CANARIES["name"], CANARIES["identity number"], CANARIES["phone"]
MACHINE = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


class Run:
    """A service as a process, what it says, and what it answered wrongly or by header."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data_dir, self.log = folder / "data", folder / "service.log"
        self.port, self.found = free_port(), list[Leak]()
        self._settings = {
            **os.environ, "PORT": str(self.port), "MINGJIAN_HOST": "127.0.0.1", "MINGJIAN_API_KEY": KEY,
            "MINGJIAN_DATA_DIR": str(self.data_dir), "MINGJIAN_RULES_DIR": str(RULES), "MINGJIAN_DECISIONS": "",
            "DATABASE_URL": "", "REDIS_URL": "", **settings,
        }  # fmt: skip

    @contextmanager
    def serving(self) -> Iterator["Run"]:
        command = [sys.executable, "-m", "app.interfaces.cli", "serve"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self._settings, stdout=log, stderr=log)
        try:
            self._wait(process)
            with httpx.Client(
                base_url=f"http://127.0.0.1:{self.port}", headers=MACHINE, trust_env=False
            ) as self.client:
                yield self
        finally:
            process.terminate()
            process.wait(timeout=30)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, self.log.read_text()
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)

    def send(self, method: str, path: str, body: Any = b"", **headers: str) -> httpx.Response:
        """What is refused must not tell who was asked about, nor may any header."""
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        for _ in range(10):
            answer = self.client.request(method, path, content=content, headers=headers, timeout=30)
            if answer.status_code != 503 or "problem:overloaded" not in answer.text:
                break
            time.sleep(2)  # the machine is busy with others: as the answer says
        self.found += leaks_in_headers(answer.headers.items())
        if answer.status_code >= 400:
            self.found += leaks(answer.content, f"{answer.status_code} of {method} {path.partition('?')[0]}")
        return answer

    def command(self, *arguments: str) -> str:
        asked = [sys.executable, "-m", "app.interfaces.cli", *arguments]
        done = subprocess.run(asked, cwd=ROOT, env=self._settings, capture_output=True, check=True)
        self.found += leaks(done.stdout + done.stderr, f"mingjian {' '.join(arguments[:2])}")
        return done.stdout.decode()


def live(run: Run) -> None:
    """A day's work about the invented people, by every interface."""
    rest(run)
    national(run)
    fhir(run)
    nonsense(run)
    reads(run)


def patient() -> dict[str, Any]:
    return {"id": CANARIES["patient of REST"], "sex": "male", "birth_date": CANARIES["birth date"]}


def rest(run: Run) -> None:
    for number in range(4):  # a later one finds the earlier ones in the history
        body = request(charge(f"L{number}"), id=f"E{number}", patient=patient())
        answer = run.send("POST", "/v1/audits", body, **{"idempotency-key": f"K{number}"})
        assert answer.status_code == 200, answer.text
        assert not leaks(answer.content, "an audit")
        stored = run.send("GET", f"/v1/audits/{answer.json()['id']}")
        assert stored.content == answer.content
    bulk = (
        json.dumps(request(id="E9", patient=patient())).encode() + b"\n" + json.dumps({"encounter": patient()}).encode()
    )
    assert not leaks(run.send("POST", "/v1/audits/bulk", bulk).content, "bulk")
    past = {**request(charge("P1"), id="E5", patient=patient())["encounter"]}
    assert run.send("POST", "/v1/history", json.dumps(past).encode()).status_code == 200
    run.send("DELETE", "/v1/encounters/E5/lines/P1?facility=F1")


def national(run: Run) -> None:
    who = messages.person(
        patn_id=CANARIES["patient of the national interface"], patn_name=NAME, certno=NUMBER, tel=PHONE,
        brdy=CANARIES["birth date"], addr=CANARIES["address"], mdtrt_cert_no=CANARIES["card"],
    )  # fmt: skip
    answer = run.send("POST", "/fsi/api/3101", messages.message(who))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["infcode"] == 0, told
    for one in told["output"]["result"]:
        answered = messages.feedback(messages.warn(one["jr_id"], reason=f"患者{NAME}，电话{PHONE}，病情需要"))
        assert run.send("POST", "/fsi/api/3103", answered).json()["infcode"] == 0
    run.send("POST", "/fsi/api/3102", messages.message(who, infno="3102"))
    run.send("POST", "/fsi/api/3101", json.dumps(messages.message(who), ensure_ascii=False).encode("gb18030"))
    nameless_visits(run, who)
    broken = messages.message({**who, "brdy": NAME, "gend": NUMBER})
    run.send("POST", "/fsi/api/3101", broken)
    links = [value for value in _texts(told) if "/popup/" in value]
    for link in links:
        found = leaks(link.encode(), "the address of a popup")
        assert not found, found
        page = run.send("GET", link.partition("127.0.0.1")[2].partition("/")[2] if "//" in link else link)
        assert not leaks(page.content, "a popup")


def nameless_visits(run: Run, who: dict[str, Any]) -> None:
    """Of a HIS that has no numbers for visits, or sends the patient's in their place."""
    told = CANARIES["patient of the national interface"]
    for number in ("", told):
        asked = {**who, "curr_mdtrt_id": number, "fsi_encounter_dtos": [messages.visit(mdtrt_id=number)]}
        answers = [run.send("POST", "/fsi/api/3101", messages.message(asked)).json() for _ in range(2)]
        found = [
            [(one["jr_id"], one["patn_id"], one["mdtrt_id"]) for one in answer["output"]["result"]]
            for answer in answers
        ]
        assert found[0], answers
        assert found[0] == found[1]  # the same visit again
        assert {one[1:] for one in found[0]} == {(told, number)}  # as it was sent


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _texts(value)


def fhir(run: Run) -> None:
    for hook in ("order-select", "order-sign"):
        call = emr.call(hook)
        call["context"]["patientId"] = CANARIES["patient of FHIR"]
        call["prefetch"]["patient"] |= {
            "id": CANARIES["patient of FHIR"], "birthDate": CANARIES["birth date"], "name": [{"text": NAME}],
            "identifier": [{"value": NUMBER}], "telecom": [{"value": PHONE}],
            "address": [{"text": CANARIES["address"]}],
        }  # fmt: skip
        answer = run.send("POST", f"/cds-services/mingjian-{hook}", call)
        assert answer.status_code == 200, answer.text
        assert not leaks(answer.content, "cards")
        when = {"outcome": "accepted", "outcomeTimestamp": "2026-10-12T08:00:00Z"}
        told = [{"card": card["uuid"], **when} for card in answer.json()["cards"]]
        run.send("POST", f"/cds-services/mingjian-{hook}/feedback", {"feedback": told})
    del call["context"]["encounterId"], call["prefetch"]["encounter"]
    assert run.send("POST", "/cds-services/mingjian-order-sign", call).status_code == 200
    claimed = claim(patient={"reference": f"Patient/{CANARIES['patient of FHIR']}"}, id=None)
    assert run.send("POST", "/fhir/Claim/$submit", claimed).status_code == 200
    run.send("POST", "/cds-services/mingjian-order-sign", {**call, "hook": NAME})


def nonsense(run: Run) -> None:
    """Whatever is wrong, nobody is told whose it was."""
    whole = json.dumps(request(id="E7", patient=patient()), ensure_ascii=False)
    run.send("POST", "/v1/audits", whole[:-1].encode())
    run.send("POST", "/v1/audits", whole.replace('"male"', f'"{NAME}"').encode())
    run.send("POST", "/v1/audits", whole.replace('"1931-02-27"', f'"{NUMBER}"').encode())
    run.send("POST", "/v1/audits", request(id=[NAME], patient={**patient(), "sex": {"name": NAME}}))
    run.send("POST", "/v1/history", f'{{"id": "{NAME}", "patient": "{NUMBER}"'.encode())
    run.send("POST", "/v1/groupings/drg", {"stay": {"sex": NAME, "birth_date": NUMBER}})
    run.send("POST", "/v1/stays", {"stay": {"id": "S1", "sex": NAME}})
    run.send("POST", "/cds-services/mingjian-order-sign", f'{{"hook": "{NAME}'.encode())
    run.send("POST", "/fsi/api/3101", f'{{"infno": "3101", "input": "{NAME}'.encode())
    run.send("POST", "/fhir/Claim/$submit", {"resourceType": "Claim", "patient": {"display": NAME}})
    # What a client puts into an address is its own doing, and comes back to it; the log must not keep it.
    run.client.get(f"/v1/audits/{CANARIES['patient of REST']}")
    run.client.get(f"/v1/findings?patient={NAME}")
    run.client.get(f"/fsi/api/{NUMBER}", headers={"x-request-id": NUMBER})


def reads(run: Run) -> None:
    for path in (
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/trail/entries?first=0&count=200",
        "/v1/stays",
    ):
        found = leaks(run.send("GET", path).content, path)
        assert not found, found
