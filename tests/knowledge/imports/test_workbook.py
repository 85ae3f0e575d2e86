"""Files that are lists, files that only seem to be, and files made to harm."""

import struct
import zipfile
from pathlib import Path

import pytest

from app.knowledge.imports import archive
from app.knowledge.imports.faults import BadTable
from app.knowledge.imports.workbook import read_workbook
from tests.knowledge.imports.build import csv_file, drug, xls, xlsx

ROWS = [["药品通用名", "国标代码"], ["甲片", drug()]]


def test_every_format_gives_the_same_cells(tmp_path: Path) -> None:
    files = [
        xlsx(tmp_path / "a.xlsx", ROWS),
        xls(tmp_path / "b.xls", ROWS),
        csv_file(tmp_path / "c.csv", ROWS),
        csv_file(tmp_path / "d.csv", ROWS, "utf-8-sig"),
        csv_file(tmp_path / "e.csv", ROWS, "gb18030"),
    ]
    for file in files:
        (sheet,) = read_workbook(file)
        assert [list(row) for row in sheet.rows] == ROWS, file.name


def test_the_format_is_told_by_content(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "a.xlsx", ROWS)
    (sheet,) = read_workbook(file.rename(tmp_path / "list.csv"))
    assert list(sheet.rows[1]) == ROWS[1]


def test_row_numbers_count_blank_rows_above(tmp_path: Path) -> None:
    (sheet,) = read_workbook(xlsx(tmp_path / "a.xlsx", [[], [], *ROWS]))
    assert sheet.rows[3][1] == drug()


def test_tabs_part_cells_too(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("药品通用名\t国标代码\n甲片\tX1,X2\n", "utf-8")
    (sheet,) = read_workbook(file)
    assert list(sheet.rows[1]) == ["甲片", "X1,X2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "文件是空的"),
        (b" \n", "文件是空的"),
        (b"PK\x03\x04junk", "工作簿已损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1junk", "不是能打开的Excel文件"),
        (b"<html><table></table></html>", "是网页"),
        (b"\x89PNG\r\n\0\0\0", "既不是Excel也不是CSV"),
        (b"\xff\xff\xff\x80\x80", "文字编码"),
        ('甲,"乙\n'.encode(), "引号或分隔符有误"),
        (b",,,\n,,\n", "没有内容"),
    ],
)
def test_what_is_no_list_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(content)
    with pytest.raises(BadTable, match=told):
        read_workbook(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadTable, match="无法读取"):
        read_workbook(tmp_path / "none.xlsx")


def test_a_word_document_is_no_workbook(tmp_path: Path) -> None:
    file = tmp_path / "a.docx"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("word/document.xml", "<x/>")
    with pytest.raises(BadTable, match="不是Excel工作簿"):
        read_workbook(file)


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_50_mb_workbook_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    file = tmp_path / "big.xlsx"
    with file.open("wb") as out:
        out.write(head)
        out.truncate(50 * 1024 * 1024)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(BadTable, match=r"50 MB，超过32 MB"):
        read_workbook(file)


def workbook_with(file: Path, sheet: bytes, method: int = zipfile.ZIP_DEFLATED) -> Path:
    """The workbook with the XML of its first sheet replaced."""
    source = xlsx(file.with_suffix(".source"), ROWS)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(file, "w", method) as new:
        for part in old.namelist():
            new.writestr(part, sheet if part == "xl/worksheets/sheet1.xml" else old.read(part))
    return file


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = workbook_with(tmp_path / "bomb.xlsx", b" " * (20 * 1024 * 1024))
    assert file.stat().st_size < 100_000
    monkeypatch.setattr(archive, "_check_part", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(BadTable, match=r"压缩比达.*疑似压缩炸弹，未打开"):
        read_workbook(file)


def test_a_workbook_that_declares_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = xlsx(tmp_path / "a.xlsx", ROWS)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with pytest.raises(BadTable, match="解压后将有"):
        read_workbook(file)


def test_a_zip_bomb_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    file = workbook_with(tmp_path / "bomb.xlsx", b" " * (4 * 1024 * 1024))
    content = bytearray(file.read_bytes())
    true, said = struct.pack("<I", 4 * 1024 * 1024), struct.pack("<I", 1000)
    assert content.count(true) == 2  # in the local header and in the directory
    file.write_bytes(content.replace(true, said))
    with pytest.raises(BadTable, match="解压后超过其声明的大小"):
        read_workbook(file)


def test_parts_that_share_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = xlsx(tmp_path / "a.xlsx", ROWS)
    monkeypatch.setattr(archive, "MAX_PARTS", 2)
    with pytest.raises(BadTable, match="目录不合常理"):
        read_workbook(file)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize(
    "spelling",
    [
        '<row r="1048576"><c r="XFD1048576">',
        '<row r="1048576"><c  s="1" r="XFD1048576">',
        "<row r='1048576'><c\nr='XFD1048576'>",
    ],
)
def test_a_cell_in_the_last_corner_is_not_laid_out(tmp_path: Path, method: int, spelling: str) -> None:
    """A reader would make room for seventeen thousand million cells, and be killed."""
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    cells = f'{head}<row r="1"><c r="A1"><v>1</v></c></row>{spelling}<v>1</v></c></row></sheetData></worksheet>'
    file = workbook_with(tmp_path / "corner.xlsx", cells.encode(), method)
    with pytest.raises(BadTable, match="格子过多"):
        read_workbook(file)


def test_a_reference_cut_in_two_by_the_reader_is_seen(tmp_path: Path) -> None:
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    for cut in range(0, 60, 7):
        padding = b" " * (archive._CHUNK - len(head) - cut)
        file = workbook_with(tmp_path / "cut.xlsx", head + padding + corner)
        with pytest.raises(BadTable, match="格子过多"):
            read_workbook(file)


def test_a_locked_workbook_is_told(tmp_path: Path) -> None:
    file = xlsx(tmp_path / "a.xlsx", ROWS)
    content = bytearray(file.read_bytes())
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1  # the flag of an encrypted part
    file.write_bytes(content)
    with pytest.raises(BadTable, match="有密码"):
        read_workbook(file)
