"""Options that commands share, and how the rules are found and opened."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from app.engine.ruleset import Ruleset
    from app.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


class BadInput(click.ClickException):
    """What was given cannot be used; the text says what, where, and what to do."""

    exit_code = 2


def rules_option(command: F) -> F:
    return click.option(
        "--rules",
        "--rules-dir",
        "rules_dir",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The folder of rule packs.  [default: $MINGJIAN_RULES_DIR, else ./rules]",
    )(command)


def read_settings() -> "Settings":
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from app.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BadInput(f"a setting in the environment is wrong: {faults}") from error
    except SettingsError as error:  # a list or a table that is not JSON
        raise BadInput(f"a setting in the environment is wrong: {error}: write it as JSON") from error


def rules_root(rules_dir: Path | None) -> Path:
    """The folder given, else the one of the settings."""
    found = rules_dir if rules_dir is not None else read_settings().rules_dir
    if not found.is_dir():
        raise BadInput(f"{found}: there is no such folder of rules; give one with --rules DIR")
    return found


def open_rules(rules_dir: Path | None) -> "Ruleset":
    """The ruleset, compiled in memory: a command leaves no files behind."""
    from app.application.load_ruleset import load_ruleset
    from app.knowledge.pack import PackError

    try:
        return load_ruleset(rules_root(rules_dir), None)
    except PackError as error:
        raise BadInput(f"the rules cannot be used:\n{error}") from error
