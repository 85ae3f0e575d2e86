"""Archives (压缩包检查): whether a workbook is safe to open, told by its zip directory before anything is unpacked.

A workbook is a zip file. One that was made to harm unpacks to far more than it seems, or names a cell in the last
column of the last row, for which a reader lays out every cell before it. Neither gets as far as the reader.
"""

import io
import re
import zipfile
import zlib

from app.knowledge.imports.faults import BadTable

MEGABYTE = 1024 * 1024
MAX_WORKBOOK = 32 * MEGABYTE  # packed; 250,000 points with their texts are about 12 MB
MAX_TEXT = 256 * MEGABYTE
MAX_UNPACKED = 512 * MEGABYTE
MAX_RATIO = 200  # sheets shrink to a tenth or twentieth; deflate's limit is about 1030
MAX_PARTS = 2_000
MAX_CELLS = 12_000_000  # rows times columns, blank ones included
_CHUNK = 256 * 1024
_OVERLAP = 64  # bytes; longer than any cell reference
_SHEET = re.compile(r"xl/(worksheets|chartsheets|dialogsheets)/[^/]+\.xml")
_ROW = re.compile(rb"""<(?:\w+:)?row[^>]*?\sr=["'](\d{1,9})["']""")
_CELL = re.compile(rb"""\sr=["']([A-Z]{1,3})(\d{1,9})["']""")


def check_size(size: int, name: str, most: int) -> None:
    """Raise BadTable for a file larger than any list that was ever published."""
    if size > most:
        raise BadTable(
            f"{name}: 文件有{size / MEGABYTE:.0f} MB，超过{most // MEGABYTE} MB的上限；"
            "请只保留数据工作表、去掉图片和格式，或拆成几个文件再导入"
        )


def check_archive(content: bytes, name: str) -> None:
    """Raise BadTable for a zip file that is no workbook, or that must not be unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise BadTable(f"{name}: 不是Excel工作簿（.xlsx）；请用Excel另存为.xlsx、.xls或CSV")
            _check_directory(parts, len(content), name)
            for part in parts:
                _check_part(content, part, name)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, OSError, EOFError, ValueError) as error:
        if isinstance(error, BadTable):
            raise
        raise BadTable(f"{name}: 工作簿已损坏，无法打开（{error}）；请重新下载或另存") from error


def _check_directory(parts: list[zipfile.ZipInfo], size: int, name: str) -> None:
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if any(part.flag_bits & 1 for part in parts):
        raise BadTable(f"{name}: 工作簿有密码；请去掉密码后再导入")
    if len(parts) > MAX_PARTS or packed > size:
        raise BadTable(f"{name}: 压缩包的目录不合常理（{len(parts)}个部件），疑似压缩炸弹，未打开")
    if unpacked > MAX_UNPACKED:
        raise BadTable(
            f"{name}: 解压后将有{unpacked / MEGABYTE:.0f} MB，超过{MAX_UNPACKED // MEGABYTE} MB的上限，"
            "疑似压缩炸弹，未打开"
        )
    for part in parts:
        if part.file_size > MEGABYTE and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise BadTable(
                f"{name}: 部件{part.filename}的压缩比达{part.file_size // max(part.compress_size, 1)}倍，"
                "疑似压缩炸弹，未打开"
            )


def _check_part(content: bytes, part: zipfile.ZipInfo, name: str) -> None:
    """Unpack in small pieces, keeping none, to see that the directory tells the truth and how far a sheet reaches."""
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadTable(f"{name}: 部件{part.filename}用了Excel不用的压缩方法，未打开")
    extent = _Extent() if _SHEET.fullmatch(part.filename) else None
    data = _raw(content, part)
    if part.compress_type == zipfile.ZIP_STORED:
        if extent is not None:
            extent.read(data)
    else:
        seen, inflate, rest = 0, zlib.decompressobj(-15), data
        while not inflate.eof and (piece := inflate.decompress(rest, _CHUNK)):
            rest = inflate.unconsumed_tail
            seen += len(piece)
            if seen > part.file_size:
                raise BadTable(f"{name}: 部件{part.filename}解压后超过其声明的大小，疑似压缩炸弹，未打开")
            if extent is not None:
                extent.read(piece)
    if extent is not None and extent.cells > MAX_CELLS:
        raise BadTable(
            f"{name}: 工作表{part.filename}伸展到第{extent.rows}行、第{extent.columns}列，格子过多；"
            "请删除数据区以外的内容后另存"
        )


def _raw(content: bytes, part: zipfile.ZipInfo) -> bytes:
    head = content[part.header_offset : part.header_offset + 30]
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"{part.filename}: no local header")
    start = part.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    return content[start : start + part.compress_size]


class _Extent:
    """How many rows and columns a sheet spans, read from its cell references as they pass by."""

    def __init__(self) -> None:
        self.rows = self.columns = 1
        self._tail = b""

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def read(self, piece: bytes) -> None:
        text = self._tail + piece
        rows = [int(row) for row in _ROW.findall(text)]
        cells = set(_CELL.findall(text))
        self.rows = max(self.rows, *rows, *(int(row) for _, row in cells), 1)
        self.columns = max(self.columns, *(_column(letters) for letters in {letters for letters, _ in cells}), 1)
        self._tail = text[-_OVERLAP:]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
