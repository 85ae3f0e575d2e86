"""`python -m demo` (演示): post every sample to POST /v1/audits, print each finding, and see that none is lacking."""

import json
import signal
import sys
from typing import Any
from urllib.error import HTTPError

import click

from app.interfaces.cli.table import table
from app.interfaces.words import word
from demo.samples import Sample, read_samples, shortfalls
from demo.server import NotAnswering, Service, service

HEADER = ("就诊", "明细", "规则", "严重程度", "处理", "金额", "说明")


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the demo's own service is stopped then, too
    samples = read_samples()
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    try:
        with service() as one:
            click.echo(f"POST {one.url}/v1/audits：{len(samples)}次就诊\n")
            for sample in samples:
                answer = _audit(one, sample)
                findings = answer["findings"]
                rows += [_cells(sample.encounter, finding) for finding in findings]
                faults += shortfalls(sample, frozenset(finding["rule"] for finding in findings))
    except NotAnswering as error:
        click.echo(f"Error: {error}", err=True)
        return 1
    except HTTPError as error:
        with error:
            click.echo(f"Error: {error.url} answered {error.code}: {error.read().decode('utf-8', 'replace')}", err=True)
        return 1
    for line in table(HEADER, rows, right=("金额",)):
        click.echo(line)
    for fault in faults:
        click.echo(f"not as expected: {fault}", err=True)
    verdict = f"与预期不符{len(faults)}处" if faults else "全部符合预期"
    click.echo(f"\n{len(samples)}次就诊，{len(rows)}条疑点，{verdict}")
    return 1 if faults else 0


def _audit(one: Service, sample: Sample) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(one.post("/v1/audits", sample.body))
    return answer


def _cells(encounter: str, finding: dict[str, Any]) -> tuple[str, ...]:
    lines = "、".join(finding["lines"]) or "—"
    severity, decision = word(finding["severity"]), word(finding["decision"])
    amount = str(finding.get("amount_at_issue", ""))
    return encounter, lines, finding["rule"], severity, decision, amount, finding["message"]


if __name__ == "__main__":
    sys.exit(main())
