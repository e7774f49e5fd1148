"""Waitress, started so that a signal stops it cleanly."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, NoReturn
from urllib.error import URLError
from urllib.request import urlopen

import click
from waitress.server import create_server

from survey.cli import Refusal
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

# Enough for the largest file an officer may import; citizens' forms have a far smaller limit of their own.
LARGEST_BODY = 32 * 1024 * 1024
START_TIMEOUT = 30.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes any free one. A port in use is said in a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: until one of two listens, both may be bound to a port.
        listener.listen()
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise Refusal(
            _(
                "Cannot listen on %(host)s:%(port)s (%(reason)s). Choose another port.",
                host=host,
                port=port,
                reason=reason,
            )
        ) from error
    return listener


def reachable(host: str) -> str:
    """The host of an address on this machine that leads to who listens on `host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound.
    return f"[{host}]" if ":" in host else host


def run(app: Flask, listener: socket.socket, *, threads: int, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; call `ready` once the site has answered."""
    server = create_server(
        app, sockets=[listener], threads=threads, ident=None, max_request_body_size=LARGEST_BODY, channel_timeout=60
    )
    # A request that waits a moment for its thread is no event: on a busy machine it was the site's first word.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _stop)
    host, port = listener.getsockname()[:2]
    threading.Thread(target=_announce, args=(host, port, ready), daemon=True).start()
    server.run()


def _stop(_signal: int, _frame: object) -> NoReturn:
    # Waitress lets running requests finish when SystemExit reaches its loop.
    raise SystemExit(0)


def _announce(host: str, port: int, ready: Callable[[], None], *, patience: float = START_TIMEOUT) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            with urlopen(f"http://{reachable(host)}:{port}/health", timeout=5):
                break
        except (URLError, OSError):
            time.sleep(0.1)
    else:
        # Never call a site running that has not answered.
        click.echo(
            _("The site has not answered for %(n)s seconds. Stop it and start it again.", n=int(patience)), err=True
        )
        return
    ready()
