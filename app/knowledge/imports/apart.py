"""Old workbooks (旧版工作簿 .xls) are read in a process of their own, with a bound on its memory and its time.

A few bytes of such a file can name a cell in the last row and the last column that the format can tell, and the reader
lays out every cell before it: more than any machine has. Unlike in a zip file, nothing tells so beforehand.
"""

import resource
import subprocess
import sys

import msgspec

from app.knowledge.imports.archive import MEGABYTE
from app.knowledge.imports.faults import BadTable

MOST_MEMORY = 1024 * MEGABYTE
MOST_SECONDS = 120
_REFUSED = 3  # exit code; what is wrong stands on the standard output


def read_apart(content: bytes, name: str) -> bytes:
    """The sheets, encoded. Raises BadTable."""
    command = [sys.executable, "-m", "app.knowledge.imports.apart", name]
    try:
        done = subprocess.run(  # noqa: S603 - this very program; the name is no option of anything
            command, input=content, capture_output=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise BadTable(f"{name}: 读取超过{MOST_SECONDS}秒，未导入；请用Excel打开后另存为.xlsx") from None
    if done.returncode == _REFUSED:
        raise BadTable(done.stdout.decode())
    if done.returncode:
        raise BadTable(f"{name}: 工作簿内容错乱或过大，无法读取；请用Excel打开后另存为.xlsx")
    return done.stdout


def _read() -> int:
    from app.knowledge.imports.workbook import read_excel

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        told = msgspec.msgpack.encode(read_excel(sys.stdin.buffer.read(), sys.argv[1]))
    except (BadTable, MemoryError) as error:
        sys.stdout.write(str(error) or f"{sys.argv[1]}: 工作簿过大")
        return _REFUSED
    sys.stdout.buffer.write(told)
    return 0


if __name__ == "__main__":
    raise SystemExit(_read())
