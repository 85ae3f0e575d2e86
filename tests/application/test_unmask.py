"""Who a patient is is told to people who say why, and to nobody without an entry (查看身份信息)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.application.record_read import ReadRecorder
from app.application.stored_identity import REST_NAMES, identity_in
from app.application.unmask import NoReason, NotForThem, Unmasker
from app.domain.access import Caller, Role, Scope
from app.domain.identity import IdentityKind, masked
from app.interfaces.fhir.identity import FHIR_NAMES
from app.interfaces.nhsa.identity import NHSA_NAMES
from app.store.audit_log import NotRecorded, StoredAudit
from app.store.opening import store_at
from app.store.store import Store
from tests.interfaces.cds_hooks import emr
from tests.interfaces.nhsa import messages

INTERFACES = (REST_NAMES, NHSA_NAMES, FHIR_NAMES)
WHY = "核对患者身份，电话回访"
AUDIT: Any = {
    "stage": "settling",
    "encounter": {"id": "E1", "facility": {"id": "F1"}, "department": "KS1", "patient": {"id": "P7731"}},
}
NATIONAL = messages.message(messages.person(patn_id="P44", patn_name="测试甲", certno="110101198802301234", tel=" "))
HOOK = emr.call("order-sign")
HOOK["prefetch"]["patient"]["telecom"] = [{"value": "19900000731"}]


def person(**changes: Any) -> Caller:
    return Caller(**{"id": "u1", "roles": frozenset({Role.AUDIT_STAFF}), "kind": "session", **changes})


def stored(body: Any) -> StoredAudit:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return StoredAudit(id="a1", caller="his", facility="F1", ruleset="r", request=content, audit=b"", sent=b"",
                       hidden=b"", facts=b"")  # fmt: skip


class Audits:
    def __init__(self, found: StoredAudit | None) -> None:
        self.found = found

    async def find(self, audit_id: str) -> StoredAudit | None:
        return self.found if self.found is not None and audit_id == self.found.id else None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (AUDIT, {("patient", "P7731")}),
        (
            NATIONAL,
            {("name", "测试甲"), ("identity_number", "110101198802301234"), ("patient", "P44"),
             ("birth_date", "1955-06-01")},
        ),
        (json.dumps(NATIONAL, ensure_ascii=False).encode("gb18030"), {("name", "测试甲"), ("patient", "P44")}),
        (HOOK, {("name", "测试甲"), ("patient", "P1"), ("birth_date", "1980-01-01"), ("phone", "19900000731")}),
        (b"", set()),
        (b"[1]", set()),
        (b'{"encounter": ' * 100, set()),
        (b'{"encounter": ' + b'{"patient": [' * 400 + b"1" + b"]}" * 400 + b"}", set()),
    ],
)  # fmt: skip
def test_identity_is_found_by_the_names_of_each_interface(body: Any, told: set[tuple[str, str]]) -> None:
    found = {(str(one.kind), one.value) for one in identity_in(stored(body).request, INTERFACES)}
    assert told <= found
    assert not {value for _, value in found} & {"E1", "F1", "KS1", "后穹窿穿刺术", "示例市虚构医院"}
    if not told:
        assert found == set()


def run(folder: Path, steps: Any) -> Any:
    async def all_of_it() -> Any:
        store = store_at(None, folder / "mingjian.sqlite3")
        await store.open()
        try:
            return await steps(store)
        finally:
            await store.close()

    return asyncio.run(all_of_it())


def test_it_is_told_and_recorded_in_one(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        unmasker = Unmasker(Audits(stored(NATIONAL)), store.trail, store.vault.lookup, INTERFACES)
        identity = await unmasker.unmask("a1", person(), f" {WHY} ")
        assert identity is not None
        assert {one.kind for one in identity} >= {IdentityKind.NAME, IdentityKind.PATIENT}
        assert "测**" in {one.value for one in masked(identity)}
        (entry,) = await store.trail.find("a1")
        body = json.loads(entry.body)
        assert (body["kind"], body["actor"], body["details"]["facility"]) == ("unmasked", "u1", "F1")
        assert not any(one.value.encode() in entry.body for one in identity)
        assert WHY.encode() not in entry.body
        _, private = (await store.trail.private_of([entry.seq]))[entry.seq]
        assert msgspec.json.decode(private) == {"reason": WHY, "patients": [store.vault.lookup("P44")]}

    run(tmp_path, steps)


@pytest.mark.parametrize(
    ("caller", "reason", "refusal"),
    [
        (person(kind="key"), WHY, NotForThem),
        (person(kind="token"), WHY, NotForThem),
        (person(kind="ticket"), WHY, NotForThem),
        (person(roles=frozenset({Role.DOCTOR})), WHY, NotForThem),
        (person(roles=frozenset({Role.SYSTEM_ADMINISTRATOR})), WHY, NotForThem),
        (person(), "", NoReason),
        (person(), "    回访     ", NoReason),
        (person(), "长" * 501, NoReason),
    ],
)
def test_refused(caller: Caller, reason: str, refusal: type[Exception], tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        unmasker = Unmasker(Audits(stored(AUDIT)), store.trail, store.vault.lookup, INTERFACES)
        with pytest.raises(refusal):
            await unmasker.unmask("a1", caller, reason)
        assert await store.trail.size() == 0

    run(tmp_path, steps)


@pytest.mark.parametrize(
    "caller",
    [
        person(scope=Scope(facilities=frozenset({"F2"}))),
        person(scope=Scope(facilities=frozenset({"F1"}), departments=frozenset({"KS2"}))),
        person(scope=Scope(practitioner="D1")),
    ],
)
def test_other_peoples_patients_do_not_exist(caller: Caller, tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        unmasker = Unmasker(Audits(stored(AUDIT)), store.trail, store.vault.lookup, INTERFACES)
        assert await unmasker.unmask("a1", caller, WHY) is None
        assert await unmasker.unmask("a2", person(), WHY) is None
        assert await store.trail.size() == 0

    run(tmp_path, steps)


def test_what_cannot_be_recorded_is_not_told(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        unmasker = Unmasker(Audits(stored(AUDIT)), store.trail, store.vault.lookup, INTERFACES)
        await store.close()
        with pytest.raises(NotRecorded):
            await unmasker.unmask("a1", person(), WHY)

    run(tmp_path, steps)


def test_reads_are_recorded(tmp_path: Path) -> None:
    async def steps(store: Store) -> None:
        recorder = ReadRecorder(store.trail, store.vault.lookup)
        await recorder.record_read(
            person(), "GET /v1/findings", rows=3, patients=["P1", "P2", "P1"], purpose="复核", subject="a1"
        )
        (entry,) = await store.trail.find("a1")
        body = json.loads(entry.body)
        assert body["details"] == {"what": "GET /v1/findings", "rows": 3, "patients": 2}
        _, private = (await store.trail.private_of([entry.seq]))[entry.seq]
        told = msgspec.json.decode(private)
        assert told == {"purpose": "复核", "patients": sorted(map(store.vault.lookup, ("P1", "P2")))}

    run(tmp_path, steps)
