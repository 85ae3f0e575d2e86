"""Review policy (复核办理规则): times, second persons and proofs, as the hospital sets them."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from app.domain.decision import Severity
from app.domain.review import DeadlineStep, Review, ReviewState

# The national rules demand a reasonable time for every step and name none (《医疗保障基金智能审核和监控知识库、规则库
# 管理办法（试行）》, 2022); these numbers are our defaults, in working days.
WORKING_DAYS: Mapping[DeadlineStep, int] = {
    DeadlineStep.REVIEW: 10,
    DeadlineStep.SECOND: 5,
    DeadlineStep.APPEAL: 5,
    DeadlineStep.APPEAL_DECISION: 10,
    DeadlineStep.RECTIFY: 10,
    DeadlineStep.RECHECK: 5,
}
LONGEST = 250  # a year of working days: more is a slip of the keyboard


class ReviewPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`working_days` may name some of the steps; the others keep the default. `warn_days` before a deadline those who
    must act are told. `second_from_cents`: from this amount on, any decision needs a second person; None is no limit.
    `second_for_clearing_definite`: so does clearing a clear violation, as false positive or as exception.
    """

    working_days: Mapping[DeadlineStep, int] = {}
    warn_days: int = 2
    second_from_cents: int | None = 1_000_000  # 10,000 yuan; our default
    second_for_clearing_definite: bool = True
    evidence_needed: bool = True

    def __post_init__(self) -> None:
        for step, count in self.working_days.items():
            if not 1 <= count <= LONGEST:
                raise ValueError(f"{step}: {count} working days; give 1 to {LONGEST}")
        if not 0 <= self.warn_days <= LONGEST:
            raise ValueError(f"warn_days is {self.warn_days}; give 0 to {LONGEST}")

    def days_for(self, step: DeadlineStep) -> int:
        return self.working_days.get(step, WORKING_DAYS[step])

    def wants_second(self, review: Review, to: ReviewState) -> bool:
        """Whether a second person must approve that it becomes `to`. A trial is about the rule, not about anyone."""
        if review.is_trial:
            return False
        is_large = self.second_from_cents is not None and (review.amount_cents or 0) >= self.second_from_cents
        clears = to in {ReviewState.FALSE_POSITIVE, ReviewState.EXCEPTED} and review.severity is Severity.DEFINITE
        return review.needs_second or is_large or (clears and self.second_for_clearing_definite)


DEFAULT_POLICY = ReviewPolicy()


def policy_of(text: str) -> ReviewPolicy:
    """As settings write it, in JSON; blank: the default. Raises ValueError that says what is wrong."""
    return msgspec.json.decode(text, type=ReviewPolicy) if text.strip() else DEFAULT_POLICY
