"""Waitress, started so that a signal stops it cleanly."""

from __future__ import annotations

import logging
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import click
from waitress.server import create_server

from survey.cli import Refusal
from survey.cli.connections import Connections
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from survey.cli.processes import Stop

# Enough for the largest file an officer may import; citizens' forms have a far smaller limit of their own.
LARGEST_BODY = 32 * 1024 * 1024
START_TIMEOUT = 30.0
WAITING_AT_THE_DOOR = 4096
MOST_CONNECTIONS = 20_000
FILES_OF_OUR_OWN = 300


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


def run(app: Flask, listener: socket.socket, *, threads: int, stop: Stop, ready: Callable[[], None] | None) -> None:
    """Serve in this process until `stop()`; call `ready` once the site has answered."""
    connections = Connections()
    server = create_server(
        app,
        map=connections,
        sockets=[listener],
        threads=threads,
        ident=None,
        max_request_body_size=LARGEST_BODY,
        channel_timeout=60,
        backlog=WAITING_AT_THE_DOOR,
        connection_limit=_most_connections(),
        # Phones hang up in the middle of things; that is no fault of ours.
        log_socket_errors=False,
        # The settings say how many proxies are believed, and the app believes no others (web/configuration.py).
        clear_untrusted_proxy_headers=False,
    )
    # A request that waits a moment for its thread is no event: on a busy machine it was the site's first word.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    if ready is not None:
        host, port = listener.getsockname()[:2]
        threading.Thread(target=_announce, args=(host, port, ready), daemon=True).start()
    connections.serve(server, until=stop)
    server.task_dispatcher.shutdown()


def _most_connections() -> int:
    """As many as this process may have files, which is raised as far as it may be, less those it needs otherwise."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_CONNECTIONS + FILES_OF_OUR_OWN if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(100, min(MOST_CONNECTIONS, allowed - FILES_OF_OUR_OWN))


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
