"""R's numbers and the data they were computed from, as the fixture `r` of every oracle test.

`sipas_small.csv` is the project's own synthetic survey; its results are kept beside it. R's example data sets are GPL
and stay in the steering folder: tests that need them ask for the fixture `shared`, and are skipped only where it is
absent.
"""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

OWN = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "reference" / "r-survey"


class R:
    """R 4.2.2 with survey 4.5, 2026-11-22: results by case id, data by file name."""

    @staticmethod
    @cache
    def cases():
        source = SHARED if (SHARED / "reference.json").exists() else OWN
        return json.loads((source / "reference.json").read_text(encoding="utf8"))

    def result(self, case):
        return self.cases()[case]["result"]

    @staticmethod
    @cache
    def table(name):
        """Columns of a data file: numbers where all are numbers, NaN where empty or NA."""
        folder = OWN if (OWN / f"{name}.csv").exists() else SHARED
        with (folder / f"{name}.csv").open(encoding="utf8", newline="") as file:
            head, *rows = csv.reader(file)
        return {column: _numbers([row[place] for row in rows]) for place, column in enumerate(head)}

    @staticmethod
    def near(expected, rel=1e-8):
        """Two programs in double precision: 1e-8 leaves room for the order of summation and nothing else."""
        return pytest.approx(np.array(expected, dtype=float), rel=rel, abs=1e-11, nan_ok=True)


def _numbers(texts):
    try:
        return np.array([float(text) if text not in {"", "NA"} else np.nan for text in texts])
    except ValueError:
        return np.array(texts)


@pytest.fixture(scope="session")
def r():
    return R()


@pytest.fixture(scope="session")
def shared():
    if not SHARED.is_dir():
        pytest.skip("R's example data are GPL and stay outside the project")
