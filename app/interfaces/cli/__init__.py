"""The command line (命令行): `mingjian`, for those who run the service, write rules, or audit files without a server.

Each command imports what it needs when it runs, so that `mingjian --help` answers at once.
"""

import click

from app.interfaces.cli.accounts import accounts
from app.interfaces.cli.audit import audit
from app.interfaces.cli.backup import backup
from app.interfaces.cli.coverage import coverage
from app.interfaces.cli.docs import docs
from app.interfaces.cli.erase import erase
from app.interfaces.cli.feeds import feeds
from app.interfaces.cli.group import group
from app.interfaces.cli.import_rules import import_rules
from app.interfaces.cli.keys import keys
from app.interfaces.cli.parse_notes import parse_notes
from app.interfaces.cli.privacy import privacy
from app.interfaces.cli.replay import replay
from app.interfaces.cli.rules import rules
from app.interfaces.cli.rulesets import publish, revisions, rollback
from app.interfaces.cli.schemes import schemes
from app.interfaces.cli.serve import serve
from app.interfaces.cli.trail import trail


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Mingjian (明鉴): real-time audit of Chinese medical-insurance claims."""


rules.add_command(import_rules)
main.add_command(accounts)
for _command in (serve, audit, replay, trail, erase, privacy, keys, backup, rules, feeds, group, schemes, docs):
    main.add_command(_command)
rules.add_command(coverage)
rules.add_command(parse_notes)
for _command in (publish, rollback, revisions):
    rules.add_command(_command)
