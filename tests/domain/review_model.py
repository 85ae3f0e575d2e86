"""A slow model of a review, written from docs/review.md alone: it keeps the log and asks the log everything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

HOLIDAYS = {
    line.split(",")[0]: line.split(",")[1]
    for line in (Path(__file__).parents[2] / "rules" / "calendar" / "holidays.csv").read_text("utf-8").splitlines()[1:]
}
TIMES = {"review": 10, "second": 5, "appeal": 5, "appeal_decision": 10, "rectify": 10, "recheck": 5}
ROUNDS = ["first", "second", "final"]


def nth_working_day(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        mark = HOLIDAYS.get(day.isoformat(), "work" if day.isoweekday() <= 5 else "off")
        if mark == "work":
            count -= 1
    return day


@dataclass
class Done:
    day: date
    who: str
    what: str
    given: Mapping[str, object]
    state: str  # afterwards


@dataclass
class Model:
    first_day: date
    amount: int
    is_definite: bool
    needs_second: bool
    is_trial: bool
    accused: str
    log: list[Done] = field(default_factory=list)

    def state(self) -> str:
        return self.log[-1].state if self.log else "open"

    def since_reopened(self) -> list[Done]:
        starts = [number for number, done in enumerate(self.log) if done.what == "reopen"]
        return self.log[starts[-1] + 1 :] if starts else self.log

    def last(self, *actions: str) -> Done | None:
        return next((done for done in reversed(self.since_reopened()) if done.what in actions), None)

    def assignee(self) -> str:
        holder = ""
        proposer = ""
        for done in self.log:
            if done.what == "take_up":
                holder = done.who
            elif done.what in {"confirm", "dismiss", "except"}:
                proposer = done.who
                holder = holder or done.who
            elif done.what in {"send_back", "recall"}:
                holder = proposer
            elif done.what == "assign":
                holder = str(done.given["assignee"])
            elif done.what in {"release", "appeal"}:
                holder = ""
        return holder

    def deadline(self) -> tuple[str, date] | None:
        """What runs, and until when: found by going back to the step that set it."""
        if self.is_trial:
            return None
        for done in reversed(self.log):
            if done.what in {"comment", "assign", "answer", "escalate", "take_up", "release"}:
                continue
            return self._set_by(done)
        return "review", nth_working_day(self.first_day, TIMES["review"])

    def _set_by(self, done: Done) -> tuple[str, date] | None:
        step = {
            "awaiting_second": "second", "in_review": "review", "open": "review", "rectifying": "rectify",
            "rectified": "recheck", "first_appeal": "appeal_decision", "second_appeal": "appeal_decision",
            "final_appeal": "appeal_decision", "first_rejected": "appeal", "second_rejected": "appeal",
        }.get(done.state, "")  # fmt: skip
        if done.state == "confirmed" and done.what in {"confirm", "approve"}:
            step = "appeal"
        if not step:
            return None
        days = done.given.get("working_days") if step == "rectify" else None
        return step, nth_working_day(done.day, int(str(days or TIMES[step])))

    def second_needed(self, outcome: str) -> bool:
        if self.is_trial:
            return False
        clears = outcome in {"dismiss", "except", "grant", "grant_exception"}
        return self.needs_second or self.amount >= 1_000_000 or (self.is_definite and clears)

    def barred(self) -> set[str]:
        """Who must keep out of it on the office's side."""
        decided, approved = self.last("confirm", "dismiss", "except"), self.last("approve")
        if self.state() == "awaiting_second":
            return {decided.who} if decided else set()
        if self.state() == "rectified":
            reported = self.last("report_rectified")
            return {reported.who} if reported else set()
        if self.state().endswith("_appeal"):
            names = {done.who for done in self.since_reopened() if done.what == "reject"}
            return names | {one.who for one in (decided, approved, self.last("appeal")) if one}
        return set()

    def appeal_runs(self, day: date) -> bool:
        runs = self.deadline()
        return runs is not None and runs[0] == "appeal" and day <= runs[1]

    def refuses(
        self, day: date, who: str, perms: set[str], doctor: str, what: str, given: Mapping[str, object]
    ) -> bool:
        return bool(self._refusal(day, who, perms, doctor, what, given))

    def _refusal(
        self, day: date, who: str, perms: set[str], doctor: str, what: str, given: Mapping[str, object]
    ) -> str | None:
        state, holder = self.state(), self.assignee()
        lead = "approve" in perms
        office = what not in {
            "comment", "answer", "accept", "appeal", "withdraw_appeal", "report_rectified", "recall", "release",
        }  # fmt: skip
        if office and doctor == self.accused:
            return "accused"
        if what in {"take_up", "release", "confirm", "dismiss", "except"} and holder not in {"", who} and not lead:
            return "somebody else's"
        judges = what in {"approve", "send_back", "grant", "grant_exception", "reject", "pass_recheck", "fail_recheck"}
        if judges and who in self.barred():
            return "same person"
        if what == "recall" and self.last("confirm", "dismiss", "except").who != who:  # type: ignore[union-attr]
            return "not theirs"
        if what.startswith("grant") and state == "first_appeal" and self.second_needed(what) and not lead:
            return "a lead's"
        if what == "assign" and given["assignee"] in self.barred():
            return "assignee barred"
        if what in {"appeal", "accept"} and not self.appeal_runs(day):
            return "appeal over"
        if what in {"order_rectification", "close"} and self.appeal_runs(day):
            return "appeal open"
        if what == "order_rectification" and self.is_trial:
            return "trial"
        if what == "report_rectified" and not 0 <= int(str(given["refund_cents"])) <= self.amount:
            return "refund"
        return None

    def leads_to(self, what: str) -> str:
        """The state after an action that is not refused."""
        if what in {"confirm", "dismiss", "except"}:
            outcome = {"confirm": "confirmed", "dismiss": "false_positive", "except": "excepted"}[what]
            return "awaiting_second" if self.second_needed(what) else outcome
        if what == "approve":
            proposed = self.last("confirm", "dismiss", "except")
            assert proposed is not None
            return {"confirm": "confirmed", "dismiss": "false_positive", "except": "excepted"}[proposed.what]
        if what == "appeal":
            entered = sum(done.what == "appeal" for done in self.since_reopened())
            return ROUNDS[entered] + "_appeal"
        if what == "reject":
            name = self.state().removesuffix("_appeal")
            return "confirmed" if name == "final" else name + "_rejected"
        fixed = {
            "take_up": "in_review", "release": "open", "send_back": "in_review", "recall": "in_review",
            "accept": "confirmed", "withdraw_appeal": "confirmed", "expire": "confirmed", "grant": "false_positive",
            "grant_exception": "excepted", "order_rectification": "rectifying", "report_rectified": "rectified",
            "pass_recheck": "closed", "fail_recheck": "rectifying", "close": "closed", "reopen": "in_review",
            "vanish": "lapsed", "reappear": "open",
        }  # fmt: skip
        return fixed.get(what, self.state())

    def refund(self) -> int | None:
        return next(
            (int(str(d.given["refund_cents"])) for d in reversed(self.log) if d.what == "report_rectified"), None
        )
