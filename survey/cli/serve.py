"""`sipas serve`: the site of a real installation."""

from __future__ import annotations

import click

from survey.cli import installation, serving
from survey.cli.processes import Stop, keep_running
from survey.i18n import _

HIGHEST_PORT = 65535
PROCESSES = 2


@click.command("serve", help=_("Serve the site of this installation (settings: see README, 'Configuration')."))
@click.option("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", help=_("Address to listen on."))
@click.option(
    "--processes", default=PROCESSES, show_default=True, type=click.IntRange(1, 32), help=_("Processes that serve.")
)
@click.option(
    "--workers",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help=_("Requests that each serves at the same time."),
)
def command(bind: str, processes: int, workers: int) -> None:
    from survey.app import create_app

    host, _colon, port = bind.rpartition(":")
    if not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise click.UsageError(_("--bind %(bind)s names no port: write HOST:PORT", bind=bind))
    settings = installation.settings()
    address = host.strip("[]") or "127.0.0.1"
    with installation.database() as database, serving.listen(address, int(port)) as listener:
        app = create_app(settings, database=database)
        # Each process opens connections of its own.
        database.close()

        def work(stop: Stop, is_first: bool) -> None:  # noqa: FBT001 - a callback.
            ready = (lambda: click.echo(settings.public_base_url, err=True)) if is_first else None
            serving.run(app, listener, threads=workers, stop=stop, ready=ready)

        keep_running(work, number=processes)
