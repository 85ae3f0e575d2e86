"""Weight table: how regions publish it, and that every fault names line and column."""

from decimal import Decimal
from pathlib import Path

import pytest

from app.knowledge.pack import PackError
from app.knowledge.weight_file import read_weights

FILE = Path("weights.csv")
WRONG_TABLES = [
    ("", "line 1: the column drg must stand there once"),
    ("drg,weight\n", "holds no group"),
    ("drg,mdc\nES33,E\n", "line 1: there is no weight; add the column weight, or one per level"),
    ("drg,weight,weight_primary\nES33,1,1\n", "line 1: weight stands beside weight_primary; keep one"),
    ("drg,weight_level23,weight_level3\nES33,1,1\n", "line 1: two weight columns serve one level"),
    ("drg,weight,costs\nES33,1,1\n", "line 1: unknown column 'costs'; the columns are"),
    ("drg,code,weight\nES33,ES33,1\n", "line 1: the column drg must stand there once, and no column twice"),
    ("drg,weight\nES33,abc\n", "line 2: weight is 'abc', which is no plain number above 0"),
    ("drg,weight\nES33,-1\n", "line 2: weight is '-1'"),
    ("drg,weight\nES33,NaN\n", "line 2: weight is 'NaN'"),
    ("drg,weight\nES33,0\n", "line 2: weight is 0; leave the cell blank where there is none"),
    ("drg,weight\nES33,10001\n", "line 2: weight is 10001; a weight is at most 10000"),
    ("drg,weight\nES33,1\nES33,2\n", "line 3: the group 'ES33' stands in a row above"),
    ("drg,weight\n,1\n", "line 2: drg is '', which is no group code"),
    ("drg,weight,attr\nES33,1,无权重组\n", "line 2: weight is 1, but the attribute says 无权重组"),
    ("drg,weight,mean_amount\nES33,1,0\n", "line 2: mean_amount is 0; leave the cell blank"),
    ("drg,weight,cases\nES33,1,4.5\n", "line 2: cases is '4.5', which is no whole number"),
    ("drg,weight,low_limit,high_limit\nES33,1,9,9\n", "line 2: low_limit 9 is not below high_limit 9"),
]


@pytest.mark.parametrize(("table", "fault"), WRONG_TABLES)
def test_a_wrong_weight_table_is_told(table, fault):
    with pytest.raises(PackError) as error:
        read_weights(FILE, table.encode())
    (told,) = str(error.value).split("\n")
    assert told.startswith("weights.csv")
    assert fault in told


def test_all_faults_of_a_table_are_told_at_once():
    with pytest.raises(PackError) as error:
        read_weights(FILE, b"drg,weight,cases\nES33,x,y\nES35,0,1\n")
    told = [one.split(":")[0] for one in str(error.value).split("\n")]
    assert told == ["weights.csv line 2", "weights.csv line 2", "weights.csv line 3"]


def test_a_table_is_read_as_regions_publish_it():
    text = "mdc,adrg,drg,attr,type,weight_level23,weight_level1,mean_amount,mean_days,mean_drug_amount,cases\n"
    text += "E,ES3,ES33,非基础组,内科组,0.6866,,6000,8.5,0,12\n"
    found = read_weights(FILE, text.encode("utf-8-sig"))["ES33"]
    assert [found.at(level) for level in ("tertiary", "secondary", "primary", "ungraded")] == [
        Decimal("0.6866"),
        Decimal("0.6866"),
        None,
        None,
    ]
    assert (found.means.total_amount, found.means.stay_days, found.means.drug_amount) == (6000, Decimal("8.5"), 0)
    assert found.cases == 12
