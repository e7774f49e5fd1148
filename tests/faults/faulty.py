"""`sipas` with faults of its own making, for programs that start it: python tests/faults/faulty.py serve …

SIPAS_FAULT_CLOCK names a file that says by how many seconds the clock is wrong, SIPAS_FAULT_MEMORY one that says which
share of the forms finds no memory left, once its row is written and before it is committed. SIPAS_FAULT_PATIENCE is how
many seconds a writer waits for the database.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from survey import app, db  # noqa: E402 - the checkout comes first.
from survey.cli import main  # noqa: E402
from survey.web.respond import keeping  # noqa: E402


def wrong_clock() -> dt.datetime:
    return app.utc_now() + dt.timedelta(seconds=said("SIPAS_FAULT_CLOCK"))


def without_memory(session: object) -> None:
    if random.random() < said("SIPAS_FAULT_MEMORY"):
        raise MemoryError
    CLOSE_DAYS_OVER(session)


def said(name: str) -> float:
    return float(Path(os.environ[name]).read_text())


CLOSE_DAYS_OVER = keeping.close_days_over
if "SIPAS_FAULT_CLOCK" in os.environ:
    app.create_app = functools.partial(app.create_app, clock=wrong_clock)
if "SIPAS_FAULT_MEMORY" in os.environ:
    keeping.close_days_over = without_memory
if "SIPAS_FAULT_PATIENCE" in os.environ:
    db.PATIENCE = float(os.environ["SIPAS_FAULT_PATIENCE"])

if __name__ == "__main__":
    main()
