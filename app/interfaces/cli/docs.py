"""`mingjian docs` (生成文档): what is written from the code and the rules, and so never by hand."""

from pathlib import Path

import click


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name the files that are stale, and exit 1 if any is.")
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("."),
    show_default=True,
    help="The root of the source tree.",
)
def docs(check: bool, root: Path) -> None:
    """Write the generated documents anew.

    They are the rule list, the rule schema and the OpenAPI document.
    """
    from app.interfaces.generated_docs import pages, stale
    from app.knowledge.pack import PackError

    try:
        old = stale(root) if check else [path for path, text in pages(root).items() if _write(path, text)]
    except PackError as error:
        raise click.ClickException(str(error)) from error
    for path in old:
        name = path.relative_to(root)
        click.echo(f"{name} is not what the code gives; run: make docs" if check else f"wrote {name}")
    if check and old:
        raise SystemExit(1)
    if not old:
        click.echo("generated documents are up to date")


def _write(path: Path, text: str) -> bool:
    """Whether the file had to change."""
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return True
