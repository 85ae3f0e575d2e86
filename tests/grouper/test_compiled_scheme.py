"""The compiled form: the same for the same tables, whole or refused, and small once opened."""

import subprocess
import sys
from decimal import Decimal

import pytest

from app.domain.encounter import FacilityLevel
from app.grouper.compiled_scheme import compile_scheme, revision_of
from app.grouper.scheme import Scheme
from app.knowledge.scheme_files import read_scheme
from tests.grouper.drg_build import TABLES, needs_tables
from tests.scheme_files import small_scheme, write_scheme


def test_the_same_tables_give_the_same_bytes(tmp_path):
    contents = [compile_scheme(read_scheme(write_scheme(tmp_path / name))) for name in ("one", "two")]
    assert contents[0] == contents[1]


def test_any_change_of_a_file_gives_another_revision(tmp_path):
    revisions = set()
    for number, name in enumerate(small_scheme()):
        files = small_scheme()
        files[name] += "\n"
        revisions.add(revision_of(read_scheme(write_scheme(tmp_path / str(number), files)).digest))
    assert len(revisions) == len(small_scheme())


def test_half_a_file_or_another_one_is_refused(tmp_path):
    content = compile_scheme(read_scheme(write_scheme(tmp_path / "scheme")))
    for broken in (b"", content[:-1], content[:100], b"X" + content[1:], content[:-1] + b"\0"):
        with pytest.raises(ValueError, match="no whole compiled scheme"):
            Scheme(broken)


def test_all_that_the_tables_say_is_there_again(tmp_path):
    files = small_scheme() | {
        "weights.csv": "drg,weight_tertiary,attribute\nBR15,0.6866,基础病组\nAB19,,无权重组\n",
    }
    tables = read_scheme(write_scheme(tmp_path / "scheme", files))
    scheme = Scheme(compile_scheme(tables))
    assert scheme.diagnosis_names == tables.diagnoses
    assert scheme.procedure_names == tables.procedures
    assert scheme.diagnosis_map == tables.diagnosis_map
    assert scheme.procedure_map == tables.procedure_map
    assert scheme.groups == tables.groups
    assert scheme.header.manifest == tables.manifest
    assert scheme.weights == tables.weights
    assert scheme.weights["BR15"].at(FacilityLevel.TERTIARY) == Decimal("0.6866")
    assert scheme.weights["AB19"].at(FacilityLevel.TERTIARY) is None
    for name, codes in tables.lists.items():
        table = scheme.header.diagnoses if name in scheme.header.diagnoses.bits else scheme.header.procedures
        entries = scheme.diagnoses if name in scheme.header.diagnoses.bits else scheme.procedures
        bit = table.bits[name]
        assert {code for code, entry in entries.items() if entry[1] >> bit & 1} == set(codes)


def test_lists_of_the_same_codes_share_a_bit(tmp_path):
    files = small_scheme()
    files["lists.csv"] += "B.again,I63.900,\nB.again,I61.900,\n"
    files["rules.csv"] = files["rules.csv"].replace("pdx not in B.stroke", "pdx not in B.again")
    bits = Scheme(compile_scheme(read_scheme(write_scheme(tmp_path / "scheme", files)))).header.diagnoses.bits
    assert bits["B.again"] == bits["B.stroke"] != bits["B.pdx"]


_FRESH = """
import sys, time
from pathlib import Path
from app.application.load_scheme import load_scheme
started = time.perf_counter()
scheme = load_scheme(Path(sys.argv[1]), (), Path(sys.argv[2]))
print(time.perf_counter() - started, int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)
"""


@needs_tables
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is told by /proc")
def test_a_compiled_scheme_opens_at_once_and_takes_little_memory(tmp_path):
    command = [sys.executable, "-c", _FRESH, str(TABLES / "schemes" / "chs_drg_11.zip"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    told = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in told) < 0.3
    assert max(float(mebibytes) for _, mebibytes in told) < 60
