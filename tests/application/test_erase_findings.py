"""What was said about a patient's findings goes with the rest of him, and the trail stays whole; on both databases."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, update

from app.application.audit_encounter import EncounterAuditor
from app.application.erase_personal import Eraser
from app.application.index_reviews import ReviewIndexer, ReviewLaw
from app.application.keep_trail import TrailKeeper
from app.application.patient_history import PatientHistory
from app.application.reviewing import about_rule
from app.application.verify_trail import TrailVerifier
from app.domain.access import EVERYWHERE
from app.domain.audit import AuditRequest
from app.domain.decision import DecisionPolicy
from app.domain.disposition import Action, Disposition
from app.domain.review import ReviewAction, ReviewState
from app.domain.review_policy import DEFAULT_POLICY
from app.store.acts import Step
from app.store.opening import store_at
from app.store.review_tables import review_attachments, review_steps, reviews
from app.store.reviews import Attachment, ReviewFilter
from app.store.store import Store
from app.store.tables import dispositions, trail_private
from app.trail.entry import Kind, read_body
from app.trail.keys import Ed25519Signer, read_verifier
from tests.application.build import request, rules
from tests.domain.review_build import CALENDAR
from tests.servers import Postgres
from tests.store.reviewing import later, step

SIGNER = Ed25519Signer("mingjian.example/hospital-1", bytes(range(32)))


class Hospital:
    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.ruleset = store, rules(folder / "rules")
        self._auditor = EncounterAuditor(
            lambda: self.ruleset, store.log, DecisionPolicy(), history=PatientHistory(store.history)
        )
        law = ReviewLaw(CALENDAR, DEFAULT_POLICY)
        self._indexer = ReviewIndexer(store.intake, lambda rule: about_rule(self.ruleset, rule), lambda: law)

    async def work(self, patient: str, encounter: str) -> str:
        """An audit with one finding, of which the doctor, staff and a file say something; the finding's id."""
        told = request("D1")
        whom = msgspec.structs.replace(told.encounter.patient, id=patient)
        stay = msgspec.structs.replace(told.encounter, id=encounter, patient=whom)
        body = msgspec.json.encode(msgspec.structs.replace(told, encounter=stay))
        answer, _ = await self._auditor.audit(msgspec.json.decode(body, type=AuditRequest), body, caller="his")
        finding = str(msgspec.json.decode(answer)["findings"][0]["id"])
        said = Disposition(finding=finding, action=Action.PROCEED, reason=f"{patient}病情需要", practitioner="D01")
        await self.store.dispositions.append([said], caller="his", at=later(1))
        await self._indexer.catch_up()
        await self._decide(finding, patient)
        return finding

    async def _decide(self, finding: str, patient: str) -> None:
        one = (await self.store.reviews.get([finding], EVERYWHERE))[finding]
        for action, to in (
            (ReviewAction.TAKE_UP, ReviewState.IN_REVIEW), (ReviewAction.CONFIRM, ReviewState.CONFIRMED),
        ):  # fmt: skip
            change = step(one, action, to)
            comment = f"{patient}家属来电" if action is ReviewAction.CONFIRM else ""
            change = change._replace(step=msgspec.structs.replace(change.step, comment=comment))
            await self.store.reviews.save([change], EVERYWHERE)
            one = change.review
        made = Attachment(
            id=f"x-{patient}-{one.encounter}", review=finding, at=later(2), by="u1", type="text/plain", size=2,
            digest=sha256(b"AB").digest(), name=f"{patient}.txt",
        )  # fmt: skip
        await self.store.reviews.attach(made, b"AB", EVERYWHERE)


async def held(store: Store) -> dict[str, set[str]]:
    """Of which findings anything is kept that names somebody, by where."""
    asked = {
        "key": select(reviews.c.id).where(reviews.c.patient_key != ""),
        "comment": select(review_steps.c.review).where(review_steps.c.comment != ""),
        "name": select(review_attachments.c.review).where(review_attachments.c.name != ""),
        "file": select(review_attachments.c.review).where(func.length(review_attachments.c.content) > 0),
        "reason": select(dispositions.c.finding).where(dispositions.c.reason != ""),
    }
    return {name: {row[0] for row in await store.contents._rows(one)} for name, one in asked.items()}


async def use(store: Store, folder: Path) -> None:
    await store.open()
    try:
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).open()
        hospital = Hospital(store, folder)
        gone = {await hospital.work("P1", f"E{one}") for one in range(2)}
        kept = {await hospital.work("P2", "E9")}
        assert await held(store) == dict.fromkeys(("key", "comment", "name", "file", "reason"), gone | kept)
        eraser = Eraser(store.erasure)
        assert await eraser.erase_patient("P1", "F1", caller="dpo", reason="本人要求") == (2, 2, 2)
        assert await held(store) == dict.fromkeys(("key", "comment", "name", "file", "reason"), kept)
        await _nothing_is_left(store, gone)
        await TrailKeeper(store.trail, SIGNER.name, [SIGNER]).checkpoint()
        verifier = TrailVerifier(store.trail, store.effects, [read_verifier(SIGNER.verifier_key)])
        assert (await verifier.verify()).faults == ()
        assert await eraser.erase_patient("P1", "F1", caller="dpo", reason="again") == (0, 0, 0)
        await _is_not_written_again(store, verifier, gone)
        await _is_not_taken_for_erased(store, verifier, kept)
    finally:
        await store.close()


async def _nothing_is_left(store: Store, gone: set[str]) -> None:
    wanted = ReviewFilter(patient_keys=(store.vault.lookup("P1"),), is_trial=None)
    assert (await store.reviews.page(wanted, EVERYWHERE)).reviews == []
    for finding in gone:
        assert [one.comment for one in await store.reviews.steps(finding, EVERYWHERE)] == ["", ""]
        assert await store.reviews.attachments(finding, EVERYWHERE) == []
        assert await store.reviews.attached("x-P1-E0", EVERYWHERE) is None
        told = await store.trail.find(finding)
        assert [one.kind for one in told].count(Kind.ERASED) == 1
        private = await store.trail.private_of([one.seq for one in told])
        taken_up = [one.seq for one in told if read_body(one.body).details.get("number") == 1]
        assert list(private) == taken_up  # nobody was named: the trail goes on committing to it


async def _is_not_written_again(store: Store, verifier: TrailVerifier, gone: set[str]) -> None:
    """What was erased holds nothing any more, so that nothing can be put in its place."""
    finding = sorted(gone)[0]
    for table, column in ((review_steps, "review"), (dispositions, "finding")):
        name = "comment" if table is review_steps else "reason"
        test = table.c[column] == finding
        await store.resealing._act([Step(update(table).where(test).values({name: "x"}))], [])
        assert len((await verifier.verify()).faults) >= 1, table.name
        await store.resealing._act([Step(update(table).where(test).values({name: ""}))], [])
        assert (await verifier.verify()).is_sound
    rows: Any = await store.contents._rows(select(func.count()).select_from(trail_private))
    assert rows[0][0] > 0


async def _is_not_taken_for_erased(store: Store, verifier: TrailVerifier, kept: set[str]) -> None:
    """What is gone without an entry that says so."""
    (finding,) = kept
    said = [one.seq for one in await store.trail.find(finding) if one.kind == Kind.DISPOSITION]
    await store.resealing._act(
        [
            Step(delete(trail_private).where(trail_private.c.seq.in_(said))),
            Step(update(dispositions).where(dispositions.c.finding == finding).values(reason="")),
        ],
        [],
    )
    assert [one.entry for one in (await verifier.verify()).faults] == said


def test_in_sqlite(tmp_path: Path) -> None:
    asyncio.run(use(store_at(None, tmp_path / "mingjian.sqlite3"), tmp_path))


def test_in_postgres(tmp_path: Path, postgres: Postgres) -> None:
    asyncio.run(use(store_at(postgres.new_database(), tmp_path / "mingjian.sqlite3"), tmp_path))
