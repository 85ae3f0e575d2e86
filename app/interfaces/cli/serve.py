"""`mingjian serve` (启动服务): the HTTP service, in the foreground."""

from importlib import import_module

import click

from app.interfaces.cli.options import BadInput, read_settings


@click.command()
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes behind the port.  [default: $MINGJIAN_WORKERS, else 1]"
)
def serve(workers: int | None) -> None:
    """Serve HTTP until stopped.

    Settings come from the environment, as MINGJIAN_<NAME> and PORT. Prints the address and the key to call with.
    """
    from app.knowledge.pack import PackError
    from app.store.history import Unavailable

    read_settings()
    try:
        # By name: main wires every layer together, so no layer may import it.
        import_module("app.main").serve(workers)
    except PackError as error:
        raise BadInput(f"the rules cannot be used:\n{error}") from error
    except Unavailable as error:
        raise click.ClickException(str(error)) from error
