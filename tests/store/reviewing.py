"""Reviews for tests (测试用复核): made directly, or taken in from audits that were stored."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from app.domain.access import EVERYWHERE
from app.domain.decision import Severity, Stage
from app.domain.review import Review, ReviewAction, ReviewState, ReviewStep
from app.store.review_intake import Intaken, Item, Pending
from app.store.reviews import Change
from app.store.store import Store

FOUND = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


def review(name: str = "f1", **changes: Any) -> Review:
    plain = Review(
        id=name, state=ReviewState.OPEN, facility="F1", encounter="E1", rule="a-rule", rule_version=2,
        category="超限定用药", severity=Severity.DEFINITE, stage=Stage.SETTLING, title="限儿童用药", message="成人用药",
        lines=("L1",), first_found_at=FOUND, last_found_at=FOUND, last_audit="a1", department="内科", practitioner="D1",
        patient_key="k1", amount_cents=5000, deadline=date(2026, 4, 1),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **changes)


async def put(store: Store, *reviews: Review, items: tuple[Item, ...] = ()) -> None:
    """As the index does, out of turn: the place in the trail stays where it is."""
    first = (await store.intake.pending(1)).first
    titles = {one.rule: one.title for one in reviews}
    made = [Intaken(None, one, (), items) for one in reviews]
    assert await store.intake.take_in(Pending(first, first, []), made, titles)


def later(days: float) -> datetime:
    return FOUND + timedelta(days=days)


def step(one: Review, action: ReviewAction, to: ReviewState, **changes: Any) -> Change:
    after = msgspec.structs.replace(one, state=to, version=one.version + 1, steps=one.steps + 1, **changes)
    made = ReviewStep(
        review=one.id, number=after.steps, at=later(1), by="u1", role="audit_staff", action=action,
        from_state=one.state, to_state=to, comment="患者家属来电", data={"attachments": ("x",)},
    )  # fmt: skip
    return Change(after, made)


async def stored(store: Store, name: str) -> Review:
    return (await store.reviews.get([name], EVERYWHERE))[name]
