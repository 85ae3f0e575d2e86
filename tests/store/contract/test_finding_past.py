"""The past of a finding: every audit that found it and every answer, the latest first, in either database."""

from datetime import timedelta

from app.domain.decision import Decision, Severity, Stage
from app.domain.disposition import Action, Disposition
from app.store.finding_past import GivenAnswer, PastFinding
from app.store.store import Store
from tests.store.build import AT, finding, record
from tests.store.contract.place import Place

DAY = timedelta(days=1)


def test_the_audits_that_found_it(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.log.append(record("a1", findings=[finding("f1"), finding("f2")]))
        later = finding("f1", rule_version=3, severity="highly_suspect", decision="inform", amount_cents=None)
        await store.log.append(
            record("a2", recorded_at=AT + 40 * DAY, stage="settled", ruleset="s" * 32, findings=[finding("f0"), later])
        )
        await store.log.append(record("a3", recorded_at=AT + DAY, findings=[finding("f2")]))
        first = PastFinding("a1", AT, Stage.SETTLING, "r" * 32, 2, Severity.DEFINITE, Decision.BLOCK, 5000)
        last = PastFinding(
            "a2", AT + 40 * DAY, Stage.SETTLED, "s" * 32, 3, Severity.HIGHLY_SUSPECT, Decision.INFORM, None
        )
        assert await store.past.sightings("f1") == [last, first]
        assert await store.past.sightings("f1", most=1) == [last]
        assert await store.past.sightings("f9") == []

    place.run(steps)


def test_what_doctors_answered(place: Place) -> None:
    told = Disposition(finding="f1", action=Action.PROCEED, reason="患者张某确需使用", practitioner="D1")

    async def steps(store: Store) -> None:
        await store.dispositions.append([told], caller="his", at=AT)
        await store.dispositions.append(
            [Disposition(finding="f1", action=Action.REVISE), Disposition(finding="f2", action=Action.REVISE)],
            caller="his-2", at=AT + DAY,
        )  # fmt: skip
        assert await store.past.answers("f1") == [
            GivenAnswer(AT + DAY, "his-2", "", Action.REVISE, ""),
            GivenAnswer(AT, "his", "D1", Action.PROCEED, "患者张某确需使用"),
        ]
        assert await store.past.answers("f9") == []

    place.run(steps)
