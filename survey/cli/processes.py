"""Several processes that do the same work, and one that sees to it that they go on."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

logger = logging.getLogger(__name__)

# What ends sooner would end again: do not spend the machine on it.
SHORTEST_LIFE = 1.0
STOPPED_WITHIN = 20.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)


class Stop:
    """Whether this process was asked to end: by SIGTERM, by Ctrl-C, or by the end of the `parent` it was given."""

    def __init__(self, parent: int | None = None) -> None:
        self._parent = parent
        self._asked = False
        signal.signal(signal.SIGTERM, self.ask)
        signal.signal(signal.SIGINT, self.ask)

    def __call__(self) -> bool:
        return self._asked or (self._parent is not None and os.getppid() != self._parent)

    def ask(self, *_signal: object) -> None:
        """Ask this process to end."""
        self._asked = True


if TYPE_CHECKING:
    Work: TypeAlias = Callable[[Stop, bool], None]


def keep_running(work: Work, *, number: int) -> None:
    """Run `work` in `number` processes until SIGTERM or Ctrl-C; where one ends before, another takes its place.

    One that is killed, for want of memory say, costs the requests that it was at and nobody else's. `work` is told
    whether it is the first of all, and asks the Stop it is given when to end.
    """
    _Parent(work).run(number)


class _Parent:
    def __init__(self, work: Work) -> None:
        self._work = work
        self._started: dict[int, float] = {}
        self._stopping = False

    def run(self, number: int) -> None:
        for place in range(number):
            self._start(is_first=place == 0)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGALRM, self._insist)
        while self._started:
            child, status = os.waitpid(-1, 0)
            lived = time.monotonic() - self._started.pop(child)
            if not self._stopping:
                logger.error("A worker process ended (%s); another takes its place.", _ending(status))
                time.sleep(max(0.0, SHORTEST_LIFE - lived))
                self._start()

    def _start(self, *, is_first: bool = False) -> None:
        parent = os.getpid()
        # A signal between the fork and the child's own handlers would be taken for the parent's.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        child = 0 if self._stopping else os.fork()
        if child == 0 and not self._stopping:
            self._be_child(Stop(parent), is_first=is_first)
        self._started |= {child: time.monotonic()} if child else {}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _be_child(self, stop: Stop, *, is_first: bool) -> NoReturn:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        status = 1
        try:
            self._work(stop, is_first)
            status = 0
        except BaseException:
            logger.exception("A worker process failed.")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # Not sys.exit: what the parent has open is the parent's to close.
            os._exit(status)

    def _stop(self, *_signal: object) -> None:
        self._stopping = True
        self._tell(signal.SIGTERM)
        signal.setitimer(signal.ITIMER_REAL, STOPPED_WITHIN)

    def _insist(self, *_signal: object) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, what: signal.Signals) -> None:
        for child in self._started:
            os.kill(child, what)


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else signal.Signals(-code).name
