"""What tests of samples share: R's numbers, the frequencies of many draws, and how long to draw."""

from __future__ import annotations

import json
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

SHARED = Path(__file__).parents[3] / "shared" / "reference"
FULL = os.environ.get("SIPAS_FULL") == "1"


@pytest.fixture(scope="session")
def reference():
    """A file of the steering folder; a test that asks for one is skipped only where the folder is absent."""

    def read(name):
        if not SHARED.is_dir():
            pytest.skip("the steering folder is not beside the project")
        return (SHARED / name).read_text(encoding="utf8")

    return read


@pytest.fixture(scope="session")
def allocations(reference):
    """Allocations by R 4.2.2, 2026-11-22."""
    return json.loads(reference("r-survey/reference.json"))["allocation"]


class Frequencies:
    """How often units and pairs came in many draws."""

    def __init__(self, draw, *, population, draws, seed):
        rng = np.random.Generator(np.random.PCG64(seed))
        self.draws = draws
        self.pairs = np.zeros((population, population))
        for _ in range(draws):
            rows = draw(rng).rows
            self.pairs[np.ix_(rows, rows)] += 1

    def check(self, joint):
        """All frequencies of units (the diagonal) and of pairs against their stated probabilities.

        A frequency is binomial, so its distance in standard errors is normal in so many draws. Of K frequencies the
        largest distance is beyond the (1 - 1e-6/2K) quantile once in a million seeds (Bonferroni). A pair that cannot
        be drawn must never have come, one that is certain always.
        """
        places = np.triu_indices(len(joint))
        stated, found = np.asarray(joint)[places], self.pairs[places] / self.draws
        sure = (stated < 1e-12) | (stated > 1 - 1e-12)
        assert (np.abs(found - stated)[sure] < 1e-12).all()
        error = np.sqrt(stated[~sure] * (1 - stated[~sure]) / self.draws)
        limit = ndtri(1 - 1e-6 / (2 * len(error)))
        assert np.abs((found - stated)[~sure] / error).max() < limit


@pytest.fixture(scope="session")
def frequencies():
    """`frequencies(draw, population=8)`: 10,000 draws, or 200,000 with SIPAS_FULL=1."""

    def many(draw, *, population, draws=10_000, seed=20261122):
        return Frequencies(draw, population=population, draws=20 * draws if FULL else draws, seed=seed)

    return many


@pytest.fixture(scope="session")
def joint_of():
    """Joint probabilities of a design given by the probability of each sample: a sum over all samples."""

    def joint(population, n, probability):
        found = np.zeros((population, population))
        for rows in combinations(range(population), n):
            found[np.ix_(rows, rows)] += probability(rows)
        return found / (found.trace() / n)

    return joint
