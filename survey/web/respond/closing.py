"""The first answer after a day closes the day's list of receipts, in the transaction that keeps the answer."""

from __future__ import annotations

import datetime as dt
import logging
from threading import Lock
from typing import TYPE_CHECKING, cast

from flask import current_app

from survey.services import receipt_days
from survey.services.receipt_leaves import ReceiptKeys
from survey.web.site import site

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Hashed in about a second: a backlog, as after an upgrade, is closed by several answers, and none has to wait longer.
AT_MOST = 20_000
logger = logging.getLogger(__name__)


class DayCloser:
    """Remembers up to which day this process has found nothing left to close: one comparison an answer."""

    def __init__(self) -> None:
        self._done = dt.date.min
        self._turn = Lock()

    def close(self, session: Session, *, keys: ReceiptKeys, now: dt.datetime) -> None:
        """Close what is over. Whatever fails here, the answer is kept; the next day tries again."""
        last = receipt_days.last_over(now)
        if last <= self._done or not self._turn.acquire(blocking=False):
            return
        try:
            with session.begin_nested():
                closed = receipt_days.close(session, keys=keys, now=now, at_most=AT_MOST)
            # Only what an earlier transaction has committed counts as done: this one may still be undone.
            self._done = self._done if closed else last
        except Exception:
            logger.exception(
                "The lists of receipts up to %s could not be closed; `sipas receipts close` does it.", last
            )
            self._done = last
        finally:
            self._turn.release()


def close_days_over(session: Session) -> None:
    """Close the days that are over, once a day in each process."""
    closer = cast("DayCloser", current_app.extensions.setdefault("sipas-receipt-days", DayCloser()))
    closer.close(session, keys=ReceiptKeys.of(site().settings.key), now=site().clock())
