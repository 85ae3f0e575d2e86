"""scheme.json (分组方案说明): who the scheme is, when it holds, what was mended, and its own ways of grouping."""

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.domain.period import Period
from app.knowledge.scheme_cells import Findings
from app.knowledge.scheme_source import MANIFEST
from app.knowledge.scheme_tables import Manifest

SCHEME_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)


def read_manifest(files: Mapping[str, bytes], findings: Findings) -> Manifest | None:
    """The manifest, or None with its faults noted. Keys that are not known are not read."""
    if MANIFEST not in files:
        findings.fault(
            MANIFEST, 0, "missing file", "it names the scheme", 'add it, at least {"scheme": "my_city_2026"}'
        )
        return None
    try:
        document = json.loads(files[MANIFEST].decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        findings.fault(MANIFEST, 0, "not readable as JSON", str(error), "mend it")
        return None
    if not isinstance(document, dict):
        findings.fault(MANIFEST, 0, "holds no object", "it gives fields of the scheme", "write { … }")
        return None
    before = len(findings.faults)
    reader = _Reader(document, findings)
    identity = reader.text("scheme")
    if not SCHEME_ID.fullmatch(identity):
        reader.fault("scheme", identity, "letters, digits, _ . and - make the id by which the scheme is called")
    found = Manifest(
        id=identity,
        title=reader.text("title") or reader.text("name") or identity,
        period=reader.period(),
        status=reader.text("status"),
        source=reader.text("source"),
        repairs=(*reader.told("repairs"), *reader.told("repaired"), *reader.told("restored")),
        ungrouped=reader.ungrouped(),
        retries_procedures=reader.flag("retry_single_procedure"),
        empty_lists=frozenset(reader.texts("empty_lists")),
        mdc_order=tuple(reader.texts("mdc_order")),
    )
    return found if len(findings.faults) == before else None


class _Reader:
    def __init__(self, document: dict[str, Any], findings: Findings) -> None:
        self._document, self._findings = document, findings

    def fault(self, field: str, value: object, wanted: str) -> None:
        self._findings.fault(MANIFEST, 0, f"{field} is {json.dumps(value, ensure_ascii=False)[:80]}", wanted, "mend it")

    def text(self, field: str) -> str:
        value = self._document.get(field, "")
        if isinstance(value, str):
            return value.strip()
        self.fault(field, value, "it must be text")
        return ""

    def flag(self, field: str) -> bool:
        value = self._document.get(field, False)
        if not isinstance(value, bool):
            self.fault(field, value, "it must be true or false")
        return value is True

    def texts(self, field: str) -> list[str]:
        value = self._document.get(field, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        self.fault(field, value, "it must be a list of texts")
        return []

    def told(self, field: str) -> list[str]:
        """What was mended: texts, or objects told as `key: value`."""
        value = self._document.get(field, [])
        if isinstance(value, dict):
            return [f"{key}: {one}" for key, one in value.items()]
        if isinstance(value, list):
            return [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in value]
        self.fault(field, value, "it must be a list of texts")
        return []

    def ungrouped(self) -> tuple[str, str]:
        value = self.texts("fail_drg") if "fail_drg" in self._document else ["0000", "0000"]
        if len(value) != 2:
            self.fault("fail_drg", value, "it gives two codes: for a case in no MDC, and for one that X00 takes")
            return "0000", "0000"
        return value[0], value[1]

    def period(self) -> Period:
        """`effective_start` and `effective_end`, both days included, each may be left out."""
        ends = []
        for field, default in (("effective_start", date.min), ("effective_end", date.max)):
            text = self.text(field)
            try:
                ends.append(date.fromisoformat(text) if text else default)
            except ValueError:
                self.fault(field, text, "it must be a day, as 2026-01-01, or be left out")
                ends.append(default)
        if ends[1] < ends[0]:
            self.fault("effective_end", str(ends[1]), f"it lies before effective_start {ends[0]}")
            return Period()
        return Period(ends[0], ends[1])
