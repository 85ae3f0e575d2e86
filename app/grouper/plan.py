"""Plans (分组路径): what is left to ask of a stay once its principal diagnosis and first procedure are known.

Codes that stand in the same lists share their plans, so that a scheme needs few, each made when first met. Rules that
ask for the principal diagnosis or first procedure in a list are looked up by it, not tried.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.stay import Stay
from app.grouper.compiled_scheme import CompiledRule, SchemeHeader
from app.grouper.condition import Bits, Principal, Test, reduce, test_of
from app.grouper.grouping import Grouping, GroupingStatus
from app.grouper.rule_index import RuleIndex
from app.knowledge.scheme_condition import (
    FALSE,
    TRUE,
    And,
    Condition,
    Member,
    Severity,
    Tagged,
    Truth,
    Valid,
    atoms,
)
from app.knowledge.scheme_tables import NEXT

_MOST_PLANS = 16_384
_SEVERITIES = range(4)
_NOBODY = Stay()

Answers = tuple[Grouping | None, ...]


class Step(NamedTuple):
    """A rule that may hold. `answers` by severity where its splits ask for nothing else, otherwise `splits`.

    None as an answer: go on with the next step.
    """

    test: Test | None
    answers: Answers | None
    splits: tuple[tuple[Test | None, Grouping], ...]
    otherwise: Grouping | None


Plan = Grouping | tuple[Step, ...]


def _joined(header: SchemeHeader, rule: CompiledRule) -> Condition:
    """The condition of the rule and that of its MDC."""
    return And((header.mdcs[rule.mdc].condition, rule.condition))


def _always_answers(step: Step) -> bool:
    if step.answers is not None:
        return None not in step.answers
    return step.otherwise is not None or any(test is None for test, _ in step.splits)


class Planner:
    def __init__(self, header: SchemeHeader, diagnosis_sets: Sequence[int], procedure_sets: Sequence[int]) -> None:
        self._header = header
        self.bits = Bits(header.diagnoses, header.procedures, header.valid_bit)
        self._diagnosis_sets, self._procedure_sets = diagnosis_sets, procedure_sets
        self.ungroupable = Grouping(
            status=GroupingStatus.UNGROUPABLE, mdc="0000", adrg="00", drg=header.manifest.ungrouped[0]
        )
        self._conditions = [_joined(header, rule) for rule in header.rules]
        self._answers = [self._answers_by_severity(rule) for rule in header.rules]
        self._by_diagnosis = RuleIndex(self._conditions, "pdx", self.bits)
        self._by_procedure = RuleIndex(self._conditions, "proc1", self.bits)
        self._asked = [self._asked_of(number) for number in range(len(header.rules))]
        self._tests: dict[Condition, Test] = {}
        self._made: dict[tuple[int, Principal], Step | None] = {}
        self.plans: dict[tuple[int, int, bool], Plan] = {}

    def plan(self, diagnosis_set: int, procedure_set: int, has_more: bool) -> Plan:
        """Make and keep the plan for principal codes of these sets, 0 for none; `has_more` procedures or not."""
        principal = Principal(self._diagnosis_sets[diagnosis_set], self._procedure_sets[procedure_set], has_more)
        steps = tuple(self._steps(principal))
        plan: Plan = steps
        if not steps:
            plan = self.ungroupable
        elif steps[0].test is None and steps[0].answers is not None and len(set(map(id, steps[0].answers))) == 1:
            plan = steps[0].answers[0] or steps
        if len(self.plans) >= _MOST_PLANS:
            self.plans.clear()
        self.plans[diagnosis_set, procedure_set, has_more] = plan
        return plan

    def _steps(self, principal: Principal) -> Iterator[Step]:
        left = self._by_diagnosis.possible(principal.diagnosis) & self._by_procedure.possible(principal.procedure)
        while left:
            number = (left & -left).bit_length() - 1
            left &= left - 1
            step = self._step_of(number, principal)
            if step is None:
                continue
            yield step
            if step.test is None and _always_answers(step):
                return

    def _asked_of(self, number: int) -> tuple[int, int]:
        """The lists of diagnoses and of procedures that the rule with its splits asks for, as bits."""
        found = [0, 0]
        rule = self._header.rules[number]
        for condition in (self._conditions[number], *(split.condition for split in rule.splits)):
            for atom in atoms(condition):
                if isinstance(atom, Member | Tagged | Valid):
                    is_procedure = not isinstance(atom, Member) or "proc" in atom.subject
                    found[is_procedure] |= self.bits.of(atom)
        return found[0], found[1]

    def _step_of(self, number: int, principal: Principal) -> Step | None:
        """The step that the rule is; None where it cannot hold. Principal codes that are alike to it share it."""
        diagnosis, procedure = self._asked[number]
        alike = Principal(principal.diagnosis & diagnosis, principal.procedure & procedure, principal.has_more)
        key = number, alike
        if key not in self._made:
            self._made[key] = self._make(number, alike)
        return self._made[key]

    def _make(self, number: int, principal: Principal) -> Step | None:
        condition = reduce(self._conditions[number], principal, self.bits)
        if condition == FALSE:
            return None
        test = None if condition == TRUE else self._test(condition)
        rule, answers = self._header.rules[number], self._answers[number]
        if answers is not None:
            return Step(test, answers, (), None)
        splits = []
        for split in rule.splits:
            condition = reduce(split.condition, principal, self.bits)
            if condition != FALSE:
                splits.append((None if condition == TRUE else self._test(condition), self.answer(split.drg, rule)))
        return Step(test, None, tuple(splits), self.otherwise(rule))

    def _test(self, condition: Condition) -> Test:
        found = self._tests.get(condition)
        if found is None:
            found = self._tests[condition] = test_of(condition, self.bits)
        return found

    def _answers_by_severity(self, rule: CompiledRule) -> Answers | None:
        """The answer for each severity; None where a split asks for more than that."""
        if rule.kind == "QY":
            return (self.answer(rule.code, rule),) * len(_SEVERITIES)
        if any(not isinstance(atom, Severity | Truth) for split in rule.splits for atom in atoms(split.condition)):
            return None
        given = [(test_of(split.condition, self.bits), self.answer(split.drg, rule)) for split in rule.splits]
        otherwise = self.otherwise(rule)
        found = []
        for severity in _SEVERITIES:
            diagnoses = ((0, 0, 0, 0, 0), (0, 0, 0, severity & 1, severity & 2))
            held = (answer for test, answer in given if test((_NOBODY, diagnoses, ())))
            found.append(next(held, otherwise))
        return tuple(found)

    def otherwise(self, rule: CompiledRule) -> Grouping | None:
        return None if rule.otherwise == NEXT else self.answer(rule.otherwise, rule)

    def answer(self, code: str, rule: CompiledRule) -> Grouping:
        """The grouping that a code means: its first letter tells the MDC, its first three characters the ADRG."""
        header = self._header
        own = header.mdcs[rule.mdc].code
        mdc = f"MDC{code[0]}"
        if mdc not in {one.code for one in header.mdcs}:
            mdc = own
        name = header.groups.get(code, "")
        if code == "0000":
            return self.ungroupable
        if code[1:3] == "00":
            ungrouped = header.manifest.ungrouped[1]
            return Grouping(status=GroupingStatus.UNGROUPABLE, mdc=mdc, adrg="00", drg=ungrouped)
        if code[1:3] == "QY":
            return Grouping(status=GroupingStatus.AMBIGUOUS, mdc=mdc, adrg="QY", drg=code, name=name)
        stem = rule.code.partition("_")[0]
        adrg = stem if code.startswith(stem) else code[:3]
        return Grouping(
            status=GroupingStatus.GROUPED, mdc=mdc, adrg=adrg, drg=code, name=name or rule.name, adrg_name=rule.name
        )
