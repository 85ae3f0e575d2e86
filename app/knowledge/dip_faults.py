"""Faults of a DIP catalogue (病种目录导入错误): where, what, why and what to do, for the person who has the file."""

from typing import NamedTuple


class DipFault(NamedTuple):
    """One fault. `row` is the line in the file, the header being 1; 0 where the file as a whole is at fault."""

    file: str
    row: int
    column: str
    what: str
    why: str
    remedy: str

    def __str__(self) -> str:
        where = self.file + (f" 第{self.row}行" if self.row else "") + (f" {self.column}" if self.column else "")
        return f"{where}：{self.what}。{self.why}；{self.remedy}。"


class BadCatalogue(Exception):
    """A folder that is no DIP catalogue: nothing of it is taken. `faults` holds all of them, file by file."""

    def __init__(self, faults: list[DipFault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
