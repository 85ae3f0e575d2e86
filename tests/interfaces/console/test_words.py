"""What pages say is Chinese: facts, columns, parameters and their values, and the details of trail entries."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from app.application.load_ruleset import load_ruleset
from app.engine.kinds import KINDS
from app.engine.ruleset import Ruleset
from app.interfaces.console.fact_labels import FACT_LABELS
from app.interfaces.console.point_labels import POINT_LABELS
from app.interfaces.console.rule_words import PARAMETER_LABELS, told_parameters, told_value
from app.interfaces.console.trail_words import told_entry
from app.trail.entry import Body, Kind
from tests.service import ROOT

_LATIN = re.compile(r"[a-z][a-z_]+")
_CODES = {"dose_unit", "field"}  # units are written so; fields of the front sheet are named where they are asked


def is_latin(text: str) -> bool:
    return _LATIN.fullmatch(text) is not None


def literals(kind: Any) -> Iterator[str]:
    """Every word that a parameter's or a column's type allows."""
    if get_origin(kind) is Literal:
        yield from [str(one) for one in get_args(kind)]
    else:
        for one in get_args(kind):
            yield from literals(one)


@pytest.fixture(scope="module")
def ruleset(tmp_path_factory: pytest.TempPathFactory) -> Ruleset:
    return load_ruleset(ROOT / "rules", tmp_path_factory.mktemp("words"))


def test_every_fact_column_and_parameter_of_every_kind_has_a_name() -> None:
    for kind in KINDS.values():
        assert set(kind.facts) <= set(FACT_LABELS), kind.name
        assert set(kind.point.__struct_fields__) <= set(POINT_LABELS), kind.name
        assert set(kind.parameters.__struct_fields__) <= set(PARAMETER_LABELS), kind.name


def test_every_word_that_a_kind_allows_is_told() -> None:
    allowed = [
        (name, word)
        for kind in KINDS.values()
        for shape in (kind.parameters, kind.point)
        for name, hint in get_type_hints(shape).items()
        for word in literals(hint)
    ]
    assert len(allowed) > 50
    assert [one for one in allowed if is_latin(told_value(*one))] == []


def test_nothing_latin_is_left_in_the_starter_pack(ruleset: Ruleset) -> None:
    left = set()
    for head in ruleset.rules.values():
        for point in ruleset.each_point(head):
            names = [name for name in point.__struct_fields__ if name not in _CODES]
            left |= {(name, told) for name in names for told in told_value(name, getattr(point, name)).split("、")}
        for period in ruleset.periods_of(head):
            left |= set(told_parameters(msgspec.msgpack.decode(period.parameters)))
    assert len(left) > 1000
    assert told_parameters(None) == []
    assert sorted(one for one in left if is_latin(one[1])) == []


@pytest.mark.parametrize(
    ("kind", "details", "said"),
    [
        (Kind.READ, {"what": "GET /console/findings", "rows": 50}, [("查看", "疑点列表"), ("行数", "50")]),
        (Kind.READ, {"what": "GET /console/findings/{id}"}, [("查看", "疑点列表（详情）")]),
        (Kind.READ, {"what": "GET /console/stay"}, [("查看", "住院详情")]),
        (Kind.READ, {"what": "GET /v1/findings"}, [("查看", "GET /v1/findings")]),
        (Kind.EXPORTED, {"what": "findings", "format": "csv"}, [("查看", "疑点"), ("格式", "csv")]),
        (Kind.SIGNED_IN, {"outcome": "failure", "way": "password"}, [("结果", "失败"), ("方式", "密码")]),
        (Kind.UNMASKED, {"fields": "name,phone"}, [("身份项", "姓名、电话")]),
        (Kind.RIGHTS_CHANGED, {"roles": "doctor", "is_disabled": False}, [("角色", "医生"), ("停用", "否")]),
        (Kind.REVIEWED, {"action": "confirm", "from": "open"}, [("操作", "确认违规"), ("自", "待审核")]),
        (Kind.AUDIT, {"facility": "F1", "decision": "block"}, [("机构", "F1"), ("结论", "拦截")]),
    ],
)
def test_details_of_entries_are_told(kind: Kind, details: dict[str, Any], said: list[tuple[str, str]]) -> None:
    content = {"kind": kind, "subject": "s", "at": "2026-03-01T00:00:00Z", "details": details}
    assert told_entry(msgspec.convert(content, Body, strict=False)) == said
