"""`mingjian audit` (离线审核): judge requests from files by the rules at hand, with no server and no database."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.interfaces.cli.options import open_rules, read_settings, rules_option

if TYPE_CHECKING:
    from app.domain.audit import Audit, AuditRequest
    from app.domain.decision import DecisionPolicy
    from app.engine.ruleset import Ruleset

FINDINGS, BAD_INPUT = 1, 2


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON answer a request, as POST /v1/audits gives it.")
@rules_option
def audit(files: tuple[str, ...], as_json: bool, rules_dir: Path | None) -> None:
    """Audit requests from files, offline.

    Each FILE holds one audit request as JSON, or one a line; `-` is standard input.

    \b
    Exit status: 0  nothing stricter than information
                 1  findings that call for a reason or block
                 2  input that could not be used
    """
    from app.domain.decision import Decision, DecisionPolicy
    from app.interfaces.cli.requests import Fault, read_requests

    ruleset, policy = open_rules(rules_dir), DecisionPolicy(read_settings().decisions)
    audits: list[Audit] = []
    faults = 0
    for file in files:
        for request in read_requests(file):
            if isinstance(request, Fault):
                faults += 1
                click.echo(f"Error: {request}", err=True)
                continue
            answer = _judge(ruleset, request, policy)
            audits.append(answer)
            if as_json:
                _print_json(answer)
    if not as_json and audits:
        from app.interfaces.cli.findings import report

        for line in report(audits):
            click.echo(line)
    if faults:
        raise SystemExit(BAD_INPUT)
    if any(one.decision.strictness > Decision.INFORM.strictness for one in audits):
        raise SystemExit(FINDINGS)


def _judge(ruleset: "Ruleset", request: "AuditRequest", policy: "DecisionPolicy") -> "Audit":
    from datetime import UTC, datetime

    from app.application.ids import time_ordered_id
    from app.application.judge_encounter import judge

    now = datetime.now(UTC)
    answer, _ = judge(ruleset, request, policy=policy, audited_at=now, audit_id=time_ordered_id(now))
    return answer


def _print_json(answer: "Audit") -> None:
    import msgspec

    click.echo(msgspec.json.encode(answer))
