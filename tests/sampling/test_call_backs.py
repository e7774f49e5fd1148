"""Who is called back: as many as asked for, one of each worker at least, everybody of a worker as likely."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.call_backs import call_back_sample
from sampling.errors import SamplingError
from sampling.record import generator


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.sampled_from([0.05, 0.1, 1.0]), st.integers(0, 99))
def test_the_number_is_the_share_s_and_nobody_s_people_are_left_out(sizes, share, seed):
    workers = [f"W{worker}" for worker, size in enumerate(sizes) for _ in range(size)]
    rows = call_back_sample(workers, share, rng=generator(seed)).tolist()
    assert len(rows) == len(set(rows)) == max(math.ceil(share * len(workers) - 1e-9), len(sizes))
    counts = Counter(workers[row] for row in rows)
    assert set(counts) == set(workers)
    for worker, size in enumerate(sizes):
        assert counts[f"W{worker}"] <= max(1, math.ceil(share * size) + 1)


def test_everybody_of_a_worker_is_as_likely():
    workers = ["A"] * 20 + ["B"] * 10
    counts = np.zeros(30)
    rng = generator(4)
    for _ in range(3000):
        counts[call_back_sample(workers, 0.1, rng=rng)] += 1
    # 3000 draws of 2 in 20 and of 1 in 10: 300 each, standard deviation 16.4; five of these.
    assert np.abs(counts - 300).max() < 5 * 16.5


def test_arguments_that_cannot_be_are_refused():
    with pytest.raises(SamplingError, match="share 10"):
        call_back_sample(["A"], 10, rng=generator(1))
    with pytest.raises(SamplingError, match="nobody"):
        call_back_sample([], 0.1, rng=generator(1))
