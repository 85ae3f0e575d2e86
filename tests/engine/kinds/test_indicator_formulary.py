"""Indicators by formulary class: what the formulary does not hold, as a share of the encounter."""

from decimal import Decimal

import pytest

from app.domain.line import FormularyClass
from tests.engine.kinds.build import encounter, judge, line, missing

POINT = {"point": "K1", "source": "encounter", "item_code": "*", "formulary_classes": "c"}
BANDS = {"measure": "off_formulary_share", "yellow": "10", "red": "20"}


@pytest.mark.parametrize(
    ("outside", "inside", "band"),
    [("10", "90", None), ("10.01", "89.99", "黄色预警"), ("20", "80", "黄色预警"), ("20.01", "79.99", "红色预警")],
)
def test_a_share_past_its_band(outside: str, inside: str, band: str | None) -> None:
    judged = encounter(
        line("L1", "XA1", formulary_class="c", amount=outside), line("L2", "XA1", formulary_class="a", amount=inside)
    )
    found = judge("indicator", BANDS, [POINT], judged, stage="settled").findings
    assert [one.facts["band"] for one in found] == ([band] if band else [])


def test_an_unknown_class_is_said() -> None:
    judged = encounter(line("L1", "XA1", amount="5"), line("L2", "XA1", formulary_class="c", amount="5"))
    assert set(missing(judge("indicator", BANDS, [POINT], judged, stage="settled"))) == {"line.formulary_class"}


def test_the_share_is_exact() -> None:
    judged = encounter(
        line("L1", "XA1", formulary_class=FormularyClass.C, amount="1"),
        line("L2", "H", formulary_class="b", amount="2"),
    )
    (found,) = judge("indicator", BANDS, [POINT], judged, stage="settled").findings
    assert Decimal(found.facts["share"]) == Decimal("33.33")
