"""Files of tables (表格文件): workbooks and CSV of official lists, and the rows of feeds."""

import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from random import Random

from app.application.feed_rows import BadFeed, Form, read_rows
from app.application.import_table import import_table
from app.domain.feed import FEEDS
from app.knowledge.imports.faults import BadTable
from app.knowledge.pack import PackError
from tests.fuzz.mutate import mutate_text, mutate_zip
from tests.fuzz.target import Target, refused
from tests.knowledge.imports.build import csv_file, drug, service, xls, xlsx

_ROWS = (
    ["药品区分性别使用"],
    ["药品通用名", "国标代码", "限定性别"],
    ["甲（片）", f"{drug(1)}，{drug(2)}", "男"],
    ["乙", drug(3), "女"],
    ["丙", service(), None],
    ["合计", "", ""],
)
_PIECES = (
    "国标代码,".encode(),
    "限定性别,".encode(),
    drug().encode(),
    b"\t",
    b";",
    b'"\n',
    b"<c r='A1' t='s'><v>9</v></c>",
)
_FEED = b"facility,item_code,as_of,quantity\nF1,XA10BJL326B002010101523,2026-03-01,5\n"


def seeds() -> list[bytes]:
    with tempfile.TemporaryDirectory(prefix="mingjian-fuzz-") as root:
        folder = Path(root)
        files = [
            xlsx(folder / "a.xlsx", _ROWS, merged=["A4:A5"]), xls(folder / "b.xls", _ROWS),
            csv_file(folder / "c.csv", _ROWS), csv_file(folder / "d.csv", _ROWS, "gb18030"),
        ]  # fmt: skip
        made = [file.read_bytes() for file in files]
    return [
        *made,
        _FEED,
        b'{"facility":"F1"}\n',
        b"a,b\n1," + b"9" * 5000,
        b"",
        b"PK\3\4",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ]


def examine(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="mingjian-fuzz-") as root:
        file = Path(root, "药品区分性别使用.xlsx")
        file.write_bytes(data)
        for chosen in ("", "67"):
            try:
                import_table([file], Path(root, "rules"), published=date(2025, 5, 23), source="测试", rule_class=chosen,
                             dry_run=True)  # fmt: skip
            except (BadTable, PackError) as error:
                refused(error)
    for shape in FEEDS.values():
        for form in Form:
            try:
                read_rows(data, shape, form)
            except BadFeed as error:
                refused(error)


def mutate(data: bytes, random: Random) -> bytes:
    return mutate_zip(data, random) if data.startswith(b"PK") else partial(mutate_text, pieces=_PIECES)(data, random)


TARGET = Target(seeds, examine, mutate, longest=60_000, seconds=20)  # an old workbook starts a process, twice
