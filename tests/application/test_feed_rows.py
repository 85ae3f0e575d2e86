"""Rows of a feed: two forms that say the same, and every fault with its line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.application.feed_rows import BadFeed, Form, read_rows
from app.domain.feed import FEEDS, Budget, StockBalance
from tests.domain.test_feeds import ROWS

HEADER = "facility,month,amount,spent,spent_until,department\n"


def csv(*rows, header=HEADER):
    return (header + "".join(f"{row}\n" for row in rows)).encode()


def faults(content, shape=Budget, form=Form.CSV):
    with pytest.raises(BadFeed) as error:
        read_rows(content, shape, form)
    return [(one.line, one.field) for one in error.value.faults], error.value


@pytest.mark.parametrize("name", FEEDS)
def test_both_forms_give_the_same_records(name):
    row = ROWS[name]
    text = csv(",".join(map(str, row.values())), header=",".join(row) + "\n")
    lines = json.dumps(row).encode() + b"\n\n"
    (one,) = read_rows(text, FEEDS[name], Form.CSV)
    assert [one] == read_rows(lines, FEEDS[name], Form.JSON_LINES)


def test_blank_cells_blank_rows_spaces_and_a_byte_order_mark():
    content = b"\xef\xbb\xbf" + csv(" F , 2026-03 , 5 ,1,2026-03-09,", ",,,,,", "", "F,2026-04,5,1,2026-04-09,骨科")
    assert [(one.month, one.department) for one in read_rows(content, Budget, Form.CSV)] == [
        ("2026-03", ""), ("2026-04", "骨科"),
    ]  # fmt: skip


def test_a_header_by_itself_is_an_empty_feed():
    assert read_rows(HEADER.encode(), Budget, Form.CSV) == []


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n"])
def test_nothing_at_all_is_refused(form, content):
    found, error = faults(content, form=form)
    assert found == [(1, "")]
    assert "nothing was sent" in str(error)


def test_every_fault_is_told_with_its_line_and_field():
    good, wrong, short = "F,2026-03,5,1,2026-03-09,", "F,2026-03,lots,1,2026-03-09,D", "F,2026-03"
    found, error = faults(csv(good, wrong, "", short, "F,2026-03,5,1,,D"))
    assert found == [(3, "amount"), (5, ""), (6, "")]
    assert "amount is 'lots'" in str(error)
    assert "spent_until" in error.faults[2].message


def test_a_line_within_quotes_does_not_shift_the_numbers():
    found, _ = faults(csv('F,2026-03,5,1,2026-03-09,"骨\n科"', "F,2026-03,x,1,2026-03-09,"))
    assert found == [(4, "amount")]


def test_the_same_key_twice_is_refused_even_where_the_rows_agree():
    found, error = faults(csv("F,2026-03,5,1,2026-03-09,", "F,2026-03,5,1,2026-03-09,"))
    assert found == [(3, "")]
    assert "line 2" in str(error)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("facility,month,amount,spent\n", "spent_until"),
        (HEADER.strip() + ",colour\n", "colour"),
        (HEADER.strip() + ",month\n", "twice"),
        ("科室,金额\n", "科室"),
    ],
)
def test_a_wrong_header_is_one_fault(header, told):
    found, error = faults(csv("F,2026-03,5,1,2026-03-09,", header=header))
    assert found == [(1, "")]
    assert told in str(error)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (HEADER.encode() + "F,2026-03,5,1,2026-03-09,骨科\n".encode("gb18030"), 2),
        (csv('F,2026-03,5,1,2026-03-09,"骨科'), 2),
        (csv('F,2026-03,5,1,2026-03-09,"骨"科'), 2),
        (csv("F" * 200_000), 2),
    ],
)
def test_what_is_no_csv_is_told(content, line):
    found, _ = faults(content)
    assert found[0][0] == line


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'"x"', b"{}", b"\xff", b'{"facility": 1}', b"[" * 100_000, b'{"facility":"F","facility":"G"}'],
)
def test_what_is_no_json_record_is_told(line):
    good = json.dumps(ROWS["budgets"]).encode()
    found, _ = faults(good + b"\n" + line + b"\n", form=Form.JSON_LINES)
    assert [number for number, _ in found] == [2]


def test_a_long_cell_is_not_told_whole():
    _, error = faults(csv(f"F,2026-03,{'9' * 5000},1,2026-03-09,"))
    assert len(str(error)) < 400


@given(st.binary(max_size=200), st.sampled_from(list(Form)), st.sampled_from(list(FEEDS.values())))
def test_any_bytes_give_records_or_faults(content, form, shape):
    try:
        found = read_rows(content, shape, form)
    except BadFeed:
        return
    assert all(type(one) is shape for one in found)


def test_decimals_stay_exact():
    row = {**ROWS["stock"], "opening": "0.10", "received": 0.2}
    (one,) = read_rows(json.dumps(row).encode(), StockBalance, Form.JSON_LINES)
    assert str(one.available) == "0.30"
