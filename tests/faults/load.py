"""Constant load (持续负载) on rules of which each generation speaks otherwise, so that a mix of two would show.

Every answer is looked at: it was given, and all of it is by one revision.
"""

import http.client
import json
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from app.application.load_ruleset import compiled_form
from app.engine.ruleset import Ruleset
from tests.faults.fleet import HEADERS, Fleet
from tests.interfaces.nhsa.messages import message, order, person, visit
from tests.knowledge.build import write_rule
from tests.service import charge, request

MAN_ONLY, WOMEN_ONLY = "001102000010000", "003112010070000"
Said = frozenset[tuple[str, str]]  # message and line


def generation(root: Path, number: int) -> tuple[str, Said]:
    """Write the packs of this generation; their revision, and what must be said of `asked`."""
    first, second = (WOMEN_ONLY, MAN_ONLY) if number % 2 else (MAN_ONLY, WOMEN_ONLY)
    said = set()
    for name, code in (("one", first), ("two", second)):
        text = f"第{number}版{name}"
        write_rule(
            root, name, rows=(f"K1,{code},项目,female",), message=f"{text}：{{item}}{{broken}}。",
            version=str(number + 1), examples=_examples(code),
        )  # fmt: skip
        said.add((text, "L1" if code == WOMEN_ONLY else "L2"))
    lock(root)
    return Ruleset(compiled_form(root)).revision, frozenset(said)


def lock(root: Path) -> None:
    from app.knowledge.lock import write_lock
    from app.knowledge.pack import read_packs

    (root / "lock.csv").unlink(missing_ok=True)
    write_lock(root, read_packs(root))


def _examples(code: str) -> list[dict[str, Any]]:
    line = {"id": "L1", "item_code": code, "service_date": "2026-03-01"}
    return [
        {"name": sex, "encounter": {"patient": {"sex": sex}, "charge_lines": [line]}, "hits": hits}
        for sex, hits in (("male", ["L1"]), ("female", []))
    ]


class Load:
    """Threads that ask without a pause; `faults` holds whatever was not as it must be."""

    def __init__(self, fleet: Fleet, said: dict[str, Said], threads: int = 6) -> None:
        self._fleet, self._said = fleet, said
        self.faults: list[str] = []
        self.answers: Counter[str] = Counter()  # by revision
        self.seconds: list[float] = []
        self._ending = False
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._ending = True
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        chance = random.Random(number)
        while not self._ending:
            connection = self._fleet.connection()
            for count in range(chance.randint(20, 60)):
                if self._ending:
                    break
                kind = (self._audit, self._audit, self._bulk, self._national)[count % 4]
                began = time.monotonic()
                try:
                    kind(connection, f"{number}-{chance.randrange(200)}")
                except Exception as error:
                    self.faults.append(f"{kind.__name__}: {error!r}")
                    break
                self.seconds.append(time.monotonic() - began)
            connection.close()

    def _audit(self, connection: http.client.HTTPConnection, encounter: str) -> None:
        self._look(json.loads(_post(connection, "/v1/audits", _encoded(asked(encounter)))))

    def _bulk(self, connection: http.client.HTTPConnection, encounter: str) -> None:
        lines = b"\n".join(_encoded(asked(f"{encounter}-{part}")) for part in range(4))
        for line in _post(connection, "/v1/audits/bulk", lines).splitlines():
            self._look(json.loads(line))

    def _look(self, audit: dict[str, Any]) -> None:
        if "findings" not in audit:
            raise AssertionError(f"refused: {audit}")
        by = {finding["ruleset"] for finding in audit["findings"]}
        if by != {audit["ruleset"]}:
            raise AssertionError(f"findings by {by} in an audit by {audit['ruleset']}")
        found = [(one["message"].partition("：")[0], line) for one in audit["findings"] for line in one["lines"]]
        if sorted(found) != sorted(self._said[audit["ruleset"]]):
            raise AssertionError(f"{audit['ruleset']} said {found}")
        self.answers[audit["ruleset"]] += 1

    def _national(self, connection: http.client.HTTPConnection, encounter: str) -> None:
        """Two patients in one message."""
        answer = json.loads(_post(connection, "/fsi/api/3101", _encoded(two_patients(encounter))))
        if answer["infcode"] != 0:
            raise AssertionError(f"refused: {answer['err_msg']}")
        told = [one["vola_cont"].partition("：")[0] for one in answer["output"]["result"]]
        if Counter(told) not in [Counter([text for text, _ in said] * 2) for said in self._said.values()]:
            raise AssertionError(f"3101 told {told}")


def _post(connection: http.client.HTTPConnection, path: str, content: bytes) -> bytes:
    connection.request("POST", path, content, {**HEADERS, "x-deadline-ms": "1000"})  # the machine is busy
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{answer.status}: {body[:300]!r}")
    return body


def _encoded(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def asked(encounter: str) -> dict[str, Any]:
    patient = {"id": f"P{encounter}", "sex": "male", "birth_date": "1980-01-01"}
    return request(charge("L1"), charge("L2", item_code=MAN_ONLY), id=encounter, patient=patient)


def two_patients(encounter: str) -> dict[str, Any]:
    persons = []
    for number in (1, 2):
        orders = [order("L1", WOMEN_ONLY), order("L2", MAN_ONLY)]
        name = f"M{encounter}-{number}"
        persons.append(person(visit(*orders, mdtrt_id=name), patn_id=f"P{name}", curr_mdtrt_id=name))
    return message(*persons)
