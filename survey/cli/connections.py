"""Waitress's loop over connections, at a cost that does not grow with those on which nothing happens.

Waitress asks every open connection before every wait whether it wants to read or write: with a thousand slow phones
that is a thousand questions for each byte of each of them, and the others wait. Here a connection is asked again only
where it may have changed: when something happened on it, when a thread served it, and when it is new.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from waitress.server import BaseWSGIServer

LONGEST_WAIT = 0.5
# A phone sends its headers in one packet; somebody who takes this long is not asking for a page.
HEADERS_WITHIN = 60.0
# The largest file an officer may import, over a poor line.
REQUEST_WITHIN = 600.0
LOOK_AROUND_EVERY = 5.0
# In the end, for what has come in whole, and for what is still on its way.
FINISHED_WITHIN = 15.0
ARRIVED_WITHIN = 2.0


class Connections(dict[int, Any]):
    """The open connections of one process by their descriptors: what waitress calls a map."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = selectors.DefaultSelector()
        self._awaited: dict[int, int] = {}
        self._changed: set[int] = set()
        self._begun: dict[Any, float] = {}
        # Written by the threads that serve, each its own entries.
        self.served_now: set[int] = set()
        self.served: deque[int] = deque()

    def __setitem__(self, descriptor: int, connection: Any) -> None:
        super().__setitem__(descriptor, connection)
        self._changed.add(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        # Before it is closed: its number may be the next one's.
        self._await(descriptor, 0)
        super().__delitem__(descriptor)

    def serve(self, server: BaseWSGIServer, *, until: Callable[[], bool]) -> None:
        """Serve until `until()`, then take no new connections and finish what has come in."""
        server.channel_class = _Channel
        look_around = 0.0
        while not until():
            if time.monotonic() >= look_around:
                look_around = time.monotonic() + LOOK_AROUND_EVERY
                self._hang_up_on_idlers(server)
            self._turn(server, LONGEST_WAIT)
        self._finish(server)

    def _finish(self, server: BaseWSGIServer) -> None:
        server.accepting = False
        self._await(server.socket.fileno(), 0)
        begun = time.monotonic()
        while (spent := time.monotonic() - begun) < FINISHED_WITHIN:
            arriving = spent < ARRIVED_WITHIN
            if not any(_is_at_work(channel, arriving=arriving) for channel in server.active_channels.values()):
                return
            self._turn(server, 0.1)

    def _turn(self, server: BaseWSGIServer, wait: float) -> None:
        """Wait for something to happen, and let it."""
        self._ask_again()
        self._open_or_shut(server)
        for key, events in self._selector.select(wait):
            self._changed.add(key.fd)
            if (connection := self.get(key.fd)) is not None and events & selectors.EVENT_READ:
                wasyncore.read(connection)
            if (connection := self.get(key.fd)) is not None and events & selectors.EVENT_WRITE:
                wasyncore.write(connection)

    def _ask_again(self) -> None:
        """Ask those that may have changed what they wait for."""
        # Those whose thread is at work are asked in every turn: it may write at any time.
        changed, self._changed = self._changed | self.served_now, set()
        while self.served:
            changed.add(self.served.popleft())
        for descriptor in changed:
            connection = self.get(descriptor)
            if connection is not None and not connection.accepting:
                reads = selectors.EVENT_READ if connection.readable() else 0
                self._await(descriptor, reads | (selectors.EVENT_WRITE if connection.writable() else 0))

    def _open_or_shut(self, server: BaseWSGIServer) -> None:
        """Leave newcomers to another process, or at the door, while more requests wait here than can be served."""
        if server.accepting:
            dispatcher = server.task_dispatcher
            is_open = server.readable() and len(dispatcher.queue) < len(dispatcher.threads)
            self._await(server.socket.fileno(), selectors.EVENT_READ if is_open else 0)

    def _await(self, descriptor: int, events: int) -> None:
        """Wait for these events on `descriptor` from now on."""
        awaited = self._awaited.pop(descriptor, 0)
        if events:
            self._awaited[descriptor] = events
        if events and not awaited:
            self._selector.register(descriptor, events)
        elif awaited and not events:
            self._selector.unregister(descriptor)
        elif awaited != events:
            self._selector.modify(descriptor, events)

    def _hang_up_on_idlers(self, server: BaseWSGIServer) -> None:
        """Close the connections that have been at one request for too long.

        Waitress itself marks those on which nothing comes at all, so that all are asked again.
        """
        now = time.monotonic()
        receiving = {channel.request: channel for channel in _channels(server) if channel.request}
        self._begun = {request: self._begun.get(request, now) for request in receiving}
        for request, channel in receiving.items():
            allowed = REQUEST_WITHIN if request.headers_finished else HEADERS_WITHIN
            channel.will_close = channel.will_close or now - self._begun[request] > allowed
        self._changed.update(self)


class _Channel(HTTPChannel):  # type: ignore[misc]
    """A connection that says when a thread is at work on it."""

    def service(self) -> None:
        descriptor, connections = self._fileno, self._map
        connections.served_now.add(descriptor)
        try:
            # It wakes the loop at its end.
            super().service()
        finally:
            connections.served.append(descriptor)
            connections.served_now.discard(descriptor)


def _channels(server: BaseWSGIServer) -> Iterable[HTTPChannel]:
    return list(server.active_channels.values())


def _is_at_work(channel: HTTPChannel, *, arriving: bool) -> bool:
    return bool(channel.requests or channel.total_outbufs_len or (arriving and channel.request))
