"""A rule (规则) as written in a rule pack: its shape is checked here, its meaning by its kind."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.domain.decision import Severity, Stage
from app.domain.period import Period

WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
ENDED: Literal["ended"] = "ended"


class Status(StrEnum):
    """草稿、试运行、启用、停用. Drafts and retired rules are not loaded; a trial is judged and kept for staff only."""

    DRAFT = "draft"
    TRIAL = "trial"
    ACTIVE = "active"
    RETIRED = "retired"


class Judges(StrEnum):
    """Which lines a rule is about."""

    CLAIMED = "claimed"  # what the fund is asked to pay for: a line wholly paid by the patient breaks no payment rule
    ALL = "all"  # clinical safety, and what patients may be asked to pay


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Example(Written):
    """A worked case that stands in the rule's own file: what must be found, or that nothing must."""

    name: Annotated[str, Field(min_length=1)]
    encounter: dict[str, JsonValue]
    stage: Stage | None = None
    history: list[dict[str, JsonValue]] | None = None
    feeds: dict[str, list[dict[str, JsonValue]]] | None = Field(
        None, description="Records of feeds by the feed's name; a feed not named was never loaded, [] is an empty one."
    )
    hits: list[str] = Field(
        description="Ids of the lines at fault, `encounter` for a finding without lines; [] for none."
    )
    amount: str = Field("", description="The amounts at issue added up, in yuan; blank: not compared.")
    missing: list[str] = Field([], description="Facts without which the rule could not be judged.")


class Rule(Written):
    """`rule.yaml`. The id is the folder's name and says the fault in words."""

    id: str
    title: Annotated[str, Field(min_length=1, max_length=100)]
    code: str = Field("", description="National code of the rule (GZ… or ZB…), where it has one.")
    rule_class: str = Field("", alias="class", description="National rule class of the 2025 edition, by its name.")
    category: Annotated[str, Field(min_length=1, max_length=40, description="违规行为分类, as in the national lists")]
    version: Annotated[int, Field(ge=1)]
    status: Status
    kind: str
    severity: Severity
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = tuple(Stage)
    judges: Judges = Judges.CLAIMED
    in_force: Annotated[
        dict[date, dict[str, JsonValue] | Literal["ended"]],
        Field(min_length=1, description="From each date, the kind's parameters; `ended` where the rule stops."),
    ]
    message: Annotated[str, Field(min_length=4, max_length=200, description="What is wrong, for the doctor.")]
    remedy: Annotated[str, Field(min_length=4, max_length=200, description="What would make it pass.")]
    references: Annotated[tuple[str, ...], Field(min_length=1, description="The policy, with its public source.")]
    false_positives: tuple[str, ...] = ()
    second_person: bool = Field(False, description="Whether any decision on its findings needs a second person (复核).")
    examples: tuple[Example, ...]

    @model_validator(mode="after")
    def _id_is_words(self) -> "Rule":
        if not WORD.fullmatch(self.id):
            raise ValueError(f"the folder name {self.id!r} is the rule's id: write it as lower-case-words-with-hyphens")
        return self

    def periods(self) -> Iterator[tuple[Period, dict[str, Any]]]:
        """Each stretch of time in which the rule holds, with its parameters then."""
        starts = sorted(self.in_force)
        ends = [start - timedelta(days=1) for start in starts[1:]] + [date.max]
        for start, end in zip(starts, ends, strict=True):
            parameters = self.in_force[start]
            if parameters != ENDED:
                yield Period(start, end), parameters
